"""Every file for deploying is used: its command lines are started, served by the stand-ins, and stopped."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.own_redis import own_redis
from tests.ports import free_port
from tests.pseudo_terminal import ROOT
from tests.scenario.deploy.dockerfile import build
from tests.scenario.deploy.processes import READY, started, status_of
from tests.scenario.messengers import TelegramMessenger
from tests.scenario.scene import Scene

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]


def _procfile() -> dict[str, str]:
    lines = (line.partition(":") for line in (ROOT / "Procfile").read_text(encoding="utf-8").splitlines())
    return {name: command.strip() for name, _, command in lines}


def _yaml(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8")))


async def _answers(scene: Scene, words: str) -> None:
    telegram = TelegramMessenger(scene)
    talk = await telegram.ask_directly(words)
    await telegram.until_said(talk, f"You asked: {words}")


async def test_the_release_line_lets_a_good_deploy_through_and_stops_a_bad_one(own_scene: Scene) -> None:
    release = _procfile()["release"]
    async with started(release, own_scene.settings) as good:
        await good.until("pass    Redis")
        assert await good.process.wait() == 0
    async with started(release, {**own_scene.settings, "TALKIFAI_API_KEY": "tk_live_wrong"}) as bad:
        await bad.until("fail    TalkifAI: TALKIFAI_API_KEY")
        assert await bad.process.wait() == 1


@pytest.mark.parametrize(("name", "port_setting"), [("worker", "BRIDGE_METRICS_PORT"), ("web", "PORT")])
async def test_a_line_of_the_procfile_serves_until_sigterm(own_scene: Scene, name: str, port_setting: str) -> None:
    port = free_port()
    async with started(_procfile()[name], {**own_scene.settings, port_setting: port}) as dyno:
        await dyno.until(READY)
        assert await status_of(port, "/livez") == await status_of(port, "/readyz") == 200
        await _answers(own_scene, f"hello {name}")
        assert await dyno.stop() == 0
    assert dyno.log[-1].rstrip().endswith("[bridge.app.bootstrap]")


@pytest.mark.timeout(400)
async def test_the_steps_of_the_dockerfile_make_an_image_that_serves(own_scene: Scene, short_tmp_path: Path) -> None:
    """In order, in a folder that stands for the image. The packages come by hash, from an index or pip's cache."""
    image = build((ROOT / "Dockerfile").read_text(encoding="utf-8"), short_tmp_path)
    assert sorted(path.name for path in image.working_folder.iterdir()) == ["adapters", "bridge", "config"]
    user, _, group = image.user.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    async with own_redis("--appendonly", "yes") as redis_url:
        environment = {**image.environment, **own_scene.settings, "REDIS_URL": redis_url}
        path = environment.pop("PATH").split(":")[0]
        line = shlex.join([*image.entry, *image.command])
        async with started(line, environment, bin_folder=Path(path), folder=image.working_folder) as container:
            await container.until(READY)
            await _answers(own_scene, "hello image")
            assert await container.stop() == 0
    assert not list(image.working_folder.rglob("*.pyc"))


async def _serves_beside(scene: Scene, server: list[str], line: str, given: dict[str, str], probes: list[str]) -> None:
    """Start a server with its options and a worker with its settings; ask its pages."""
    options = server[1:] if server[0] == "valkey-server" else server
    async with own_redis(*options) as redis_url:
        port = str(free_port())
        environment = {**scene.settings, **given, "REDIS_URL": redis_url, "BRIDGE_METRICS_PORT": port}
        async with started(f"python -m bridge {line}", environment) as worker:
            await worker.until(READY)
            for page in probes:
                assert await status_of(port, page) == 200
            await _answers(scene, "hello container")
            async with started("python -m bridge check --offline --json", environment) as check:
                said, _ = await check.process.communicate()
            verdicts = {(one["subject"], one["verdict"]) for one in json.loads(said)["findings"]}
            assert {verdict for subject, verdict in verdicts if subject == "Redis"} == {"pass"}
            assert await worker.stop() == 0


async def test_what_compose_starts_serves_and_is_healthy(own_scene: Scene) -> None:
    (compose,) = _yaml("compose.yaml")
    worker, valkey = compose["services"]["worker"], compose["services"]["valkey"]
    assert set(compose) == {"services", "volumes"}
    assert worker["depends_on"] == {"valkey": {"condition": "service_healthy"}}
    assert worker["environment"]["REDIS_URL"] == "redis://valkey:6379/0"
    (volume,) = valkey["volumes"]
    assert volume.partition(":")[0] in compose["volumes"]
    probe = worker["healthcheck"]["test"]
    assert probe[0] == "CMD"
    assert f"127.0.0.1:{worker['environment']['BRIDGE_METRICS_PORT']}/livez" in probe[-1]
    given = {name: str(value) for name, value in worker["environment"].items()}
    await _serves_beside(own_scene, shlex.split(valkey["command"]), worker["command"][0], given, ["/livez"])


async def test_the_health_check_of_compose_says_whether_a_worker_is_there(own_scene: Scene) -> None:
    (compose,) = _yaml("compose.yaml")
    port = str(free_port())
    probe = [word.replace(":9090", f":{port}") for word in compose["services"]["worker"]["healthcheck"]["test"][1:]]
    async with started(shlex.join(probe), {}) as before:
        assert await before.process.wait() != 0
    async with started("python -m bridge run", {**own_scene.settings, "BRIDGE_METRICS_PORT": port}) as worker:
        await worker.until(READY)
        async with started(shlex.join(probe), {}) as probing:
            assert await probing.process.wait() == 0


async def test_what_kubernetes_starts_serves_and_its_probes_answer(own_scene: Scene) -> None:
    found = {(one["kind"], one["metadata"]["name"]): one for one in _yaml("deploy/kubernetes.yaml")}
    assert set(found) == {
        ("Secret", "talkifai-bridge"),
        ("Deployment", "talkifai-bridge"),
        ("Service", "talkifai-valkey"),
        ("StatefulSet", "talkifai-valkey"),
    }
    for kind, name in (("Deployment", "talkifai-bridge"), ("StatefulSet", "talkifai-valkey")):
        spec = found[kind, name]["spec"]
        assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    (worker,) = found["Deployment", "talkifai-bridge"]["spec"]["template"]["spec"]["containers"]
    valkey_set = found["StatefulSet", "talkifai-valkey"]["spec"]
    (valkey,) = valkey_set["template"]["spec"]["containers"]
    service = found["Service", "talkifai-valkey"]["spec"]
    assert service["selector"] == valkey_set["template"]["metadata"]["labels"]
    assert [port["port"] for port in service["ports"]] == [port["containerPort"] for port in valkey["ports"]]
    assert {mount["name"] for mount in valkey["volumeMounts"]} == {
        claim["metadata"]["name"] for claim in valkey_set["volumeClaimTemplates"]
    }
    assert worker["envFrom"] == [{"secretRef": {"name": "talkifai-bridge"}}]
    ports = {port["name"]: port["containerPort"] for port in worker["ports"]}
    given = {one["name"]: one["value"] for one in worker["env"]}
    assert ports["metrics"] == int(given["BRIDGE_METRICS_PORT"])
    assert given["REDIS_URL"] == f"redis://{valkey_set['serviceName']}:6379/0"
    probes = [worker[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {probe["port"] for probe in probes} == {"metrics"}
    await _serves_beside(own_scene, valkey["args"], worker["args"][0], given, [probe["path"] for probe in probes])
