"""A real RabbitMQ for the tests: `AMQP_URL` where set, a child process where it is installed, Docker where that answers."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import aio_pika
import pytest
import pytest_asyncio
from wajah.messaging.topology import Topology

from tests.servers.reporting import report_not_run

START_TIMEOUT_S: Final = 90.0
STOP_TIMEOUT_S: Final = 30.0

_PLACES: Final = (
    "/usr/lib/rabbitmq/bin/rabbitmq-server",  # Debian: its /usr/sbin wrapper changes user and configuration
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
)
_IMAGE: Final = "rabbitmq:4.1"  # as in docker-compose.yml
_QUIET_SCHEDULERS: Final = "+sbwt none +sbwtdcpu none +sbwtdio none"  # no busy waiting beside the tests


def find_server() -> str | None:
    """The `rabbitmq-server` to start, None where there is none."""
    return next((place for place in _PLACES if os.access(place, os.X_OK)), None) or shutil.which("rabbitmq-server")


class RabbitMqChild:
    """A broker of our own in `folder`, with its own Erlang node, port mapper, cookie and data. It can be killed and started
    again on the same data."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self.port, self._distribution_port, self._epmd_port = _free_ports(3)
        self._environment = self._prepare()
        self._epmd: subprocess.Popen[bytes] | None = None
        self._broker: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Return when it answers. Raises RuntimeError with the broker's last words when it ends instead."""
        epmd = shutil.which("epmd")
        if epmd is not None and self._epmd is None:  # one that the broker starts by itself would outlive it
            self._epmd = subprocess.Popen(
                [epmd, "-address", "127.0.0.1", "-port", str(self._epmd_port)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
            )
        with (self._folder / "output").open("wb") as output:
            self._broker = subprocess.Popen(
                [self._server],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        give_up = time.monotonic() + START_TIMEOUT_S
        while not _speaks_amqp("127.0.0.1", self.port):
            if self._broker.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(
                    f"RabbitMQ did not start: {(self._folder / 'output').read_text(errors='replace')[-2000:]}"
                )
            time.sleep(0.1)

    def kill(self) -> None:
        """As a power cut would: SIGKILL for the broker and everything it started."""
        assert self._broker is not None
        os.killpg(self._broker.pid, signal.SIGKILL)
        self._broker.wait(STOP_TIMEOUT_S)

    def stop(self) -> None:
        if self._broker is not None and self._broker.poll() is None:
            self._broker.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._broker.wait(STOP_TIMEOUT_S)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._broker.pid, signal.SIGKILL)
            self._broker.wait(STOP_TIMEOUT_S)
        if self._epmd is not None:
            self._epmd.terminate()
            self._epmd.wait(STOP_TIMEOUT_S)
            self._epmd = None

    def control(self, *arguments: str) -> str:
        """The output of `rabbitmqctl`. Raises CalledProcessError."""
        tool = Path(self._server).with_name("rabbitmqctl")
        done = subprocess.run(
            [str(tool), *arguments], env=self._environment, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout

    def _prepare(self) -> dict[str, str]:
        for name in ("data", "log", "home"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        cookie = self._folder / "home" / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\nlog.console = false\nlog.file.level = info\n"
            "disk_free_limit.absolute = 50MB\n"
        )
        (self._folder / "enabled_plugins").write_text("[].\n")
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self._folder / "home"),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"wajah{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self._folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (f"{_QUIET_SCHEDULERS} -kernel inet_dist_use_interface {{127,0,0,1}}"),
        }


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _speaks_amqp(host: str, port: int) -> bool:
    """RabbitMQ opens its port last, but a forwarded one is open before: only an answer to the protocol's greeting counts."""
    try:
        with socket.create_connection((host, port), 0.5) as connection:
            connection.settimeout(2)
            connection.sendall(b"AMQP\0\0\x09\x01")
            return bool(connection.recv(8))
    except OSError:
        return False


@contextlib.contextmanager
def child_broker() -> Iterator[RabbitMqChild]:
    """A broker of one's own, to be killed at will; skips the test where RabbitMQ is not installed."""
    server = find_server()
    if server is None:
        report_not_run("what happens when RabbitMQ dies", "rabbitmq-server is not installed")
        pytest.skip("rabbitmq-server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="wajah-rabbitmq-"))
    broker = RabbitMqChild(server, folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _docker_broker() -> Iterator[str]:
    """Raises whatever Docker's absence raises, TimeoutError when the broker does not answer."""
    from testcontainers.core.container import DockerContainer

    with DockerContainer(_IMAGE).with_exposed_ports(5672) as container:
        host, port = container.get_container_host_ip(), int(container.get_exposed_port(5672))
        give_up = time.monotonic() + START_TIMEOUT_S
        while not _speaks_amqp(host, port):
            if time.monotonic() > give_up:
                raise TimeoutError(f"{_IMAGE} does not answer")
            time.sleep(0.1)
        yield f"amqp://guest:guest@{host}:{port}/"


@pytest.fixture(scope="session")
def amqp_url() -> Iterator[str]:
    """The URL of a broker that the whole session shares: tests keep apart by the prefix of their `topology`."""
    given = os.environ.get("AMQP_URL")
    if given:
        yield given
        return
    if find_server() is not None:
        with child_broker() as broker:
            yield broker.url
        return
    with contextlib.ExitStack() as running:
        try:
            url = running.enter_context(_docker_broker())
        except Exception as error:
            report_not_run(
                "everything over RabbitMQ", f"no AMQP_URL, no rabbitmq-server, no Docker ({type(error).__name__})"
            )
            pytest.skip("no RabbitMQ")
        yield url


@pytest_asyncio.fixture
async def amqp_topology(amqp_url: str) -> AsyncIterator[Topology]:
    """Two shards with names of their own on the shared broker, gone after the test."""
    topology = Topology(2, prefix=f"test-{uuid.uuid4().hex[:8]}")
    yield topology
    await delete_queues(amqp_url, topology)


async def delete_queues(url: str, topology: Topology) -> None:
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        for name in (topology.dead_letters, *(queue.name for queue in topology.queues())):
            await channel.queue_delete(name)
