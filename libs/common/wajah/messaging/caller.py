"""The caller's side of the bus: a payload goes out, the reply comes back."""

import time

from wajah.contracts.envelope import DEFAULT_DEADLINE_S, Envelope, Reply
from wajah.contracts.errors import Code, WajahError
from wajah.contracts.framing import encode
from wajah.contracts.jobs import Payload
from wajah.messaging.bus import Bus, Message
from wajah.messaging.topology import Topology


class Jobs:
    """Runs jobs on the platform, for whoever has a bus: ingress, the command line, a service of one's own."""

    def __init__(self, bus: Bus, topology: Topology) -> None:
        self._bus = bus
        self._topology = topology

    async def run(
        self,
        payload: Payload,
        *,
        client_id: str,
        trx_id: str | None = None,
        deadline_s: float = DEFAULT_DEADLINE_S,
    ) -> Reply:
        """The job's reply, within `deadline_s` seconds; `Reply.result` raises the error of a job that failed.

        Raises WajahError 400 for an id outside the contract, BusError when the job could not be handed over, and
        DeadlineExceeded.
        """
        try:
            envelope = Envelope.of(payload, client_id=client_id, trx_id=trx_id, deadline=time.time() + deadline_s)
        except ValueError:
            raise WajahError(Code.MALFORMED, "Request malformed: client_id") from None
        message = Message(encode(envelope), envelope.deadline)
        return await self._bus.request(self._topology.queue_of(envelope), message)
