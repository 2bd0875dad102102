"""What is answered without the compute thread: here there is none."""

from anycost_backend.server.jobs import Desk
from anycost_client.protocol import messages as m


def test_attributes_are_listed_before_any_model_has_loaded() -> None:
    desk, answers = Desk("embedded"), list[m.Reply]()
    desk.load()
    request = m.Attributes()
    desk.take(request, "a client", answers.append)
    (reply,) = answers
    assert isinstance(reply, m.AttributeList)
    assert reply.id == request.id
    ends = {attribute.name: (attribute.least, attribute.most) for attribute in reply.attributes}
    assert ends["smile"] == (-1, 1)
    least, most = ends["eye_makeup"]  # which cannot be taken off as far as it can be put on
    assert -1 < least < 0
    assert most == 1
    desk.take(m.RenderSample(), "a client", answers.append)
    assert len(answers) == 1  # that has to be computed
