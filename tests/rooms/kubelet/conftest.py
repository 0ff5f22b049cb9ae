import pytest

from tests.rooms.kubelet.small_world import World


@pytest.fixture
def world():
    return World()
