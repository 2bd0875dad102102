"""Where pip looks for each build of torch, on each system."""

import pytest
from anycost_installer.environment.torch_sources import CPU_INDEX, torch_sources


def test_linux_tries_the_cpu_builds_before_the_large_one():
    own, cpu_index, large = torch_sources("2.13.0", "cpu", "Linux")
    assert own.arguments == ("torch==2.13.0+cpu",)
    assert cpu_index.arguments[:3] == ("torch==2.13.0+cpu", "--index-url", CPU_INDEX)
    assert large.arguments == ("torch==2.13.0",)
    assert [source.large for source in (own, cpu_index, large)] == [False, False, True]


@pytest.mark.parametrize(
    ("build", "system"), [("default", "Linux"), ("cpu", "Darwin"), ("cpu", "Windows"), ("default", "Windows")]
)
def test_elsewhere_and_on_request_pips_own_choice_is_taken(build, system):
    (source,) = torch_sources("2.13.0", build, system)
    assert source.arguments == ("torch==2.13.0",)
    assert source.large == (system == "Linux")
