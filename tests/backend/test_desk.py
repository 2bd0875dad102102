"""What is answered without the compute thread: here there is none."""

from anycost_backend.desk import Desk
from anycost_client import messages as m


def test_attributes_are_listed_before_any_model_has_loaded() -> None:
    desk, answers = Desk("embedded"), list[m.Reply]()
    desk.load()
    request = m.Attributes()
    desk.take(request, "a client", answers.append)
    (reply,) = answers
    assert isinstance(reply, m.AttributeList)
    assert reply.id == request.id
    assert "smile" in {attribute.name for attribute in reply.attributes}
    desk.take(m.RenderSample(), "a client", answers.append)
    assert len(answers) == 1  # that has to be computed
