"""The bus is chosen by its URL."""

import pytest
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.jobs import ListGalleries
from wajah.messaging.amqp import AmqpBus
from wajah.messaging.caller import Jobs
from wajah.messaging.connect import open_bus
from wajah.messaging.inprocess import InProcessBus
from wajah.messaging.topology import Topology


@pytest.mark.parametrize(
    ("url", "kind"),
    [("memory:", InProcessBus), ("amqp://u:p@host:5672/", AmqpBus), ("amqps://u:p@host/vhost", AmqpBus)],
)
async def test_the_url_chooses_the_bus(url: str, kind: type) -> None:
    bus = open_bus(url, Topology(1))

    assert isinstance(bus, kind)
    assert not bus.ready


@pytest.mark.parametrize("url", ["", "kafka://secret@host", "localhost:5672"])
def test_any_other_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValueError, match="not a bus") as caught:
        open_bus(url, Topology(1))

    assert "secret" not in str(caught.value)


async def test_an_id_outside_the_contract_never_reaches_the_bus() -> None:
    topology = Topology(1)

    with pytest.raises(WajahError, match="client_id") as caught:
        await Jobs(InProcessBus(topology), topology).run(ListGalleries(), client_id="")

    assert caught.value.code is Code.MALFORMED
