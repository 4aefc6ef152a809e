"""The key that signs the logs: made once, for this user alone, whoever comes first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workers.adapters.signing_key import signing_key
from workers.settings import WorkerSettings, read


def settings(directory: Path, **more: str) -> WorkerSettings:
    return read(
        WorkerSettings,
        _env_file=None,
        slack_bot_token="xoxb-test",
        revoke_incident_channel="C0SECINC01",
        revoke_responders="U0BOB00001",
        revoke_deny_policies="p-examplepolicyid111",
        revoke_data_dir=directory,
        **more,
    )


def test_of_forty_who_come_first_all_get_the_same_key(tmp_path: Path) -> None:
    ours = settings(tmp_path / "var")
    with ThreadPoolExecutor(20) as pool:
        keys = set(pool.map(lambda _: signing_key(ours), range(40)))

    assert len(keys) == 1
    assert len(keys.pop()) == 64
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["signing_key"]


def test_only_this_user_may_read_it(tmp_path: Path) -> None:
    signing_key(settings(tmp_path / "var"))
    assert (tmp_path / "var" / "signing_key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


def test_the_key_of_the_settings_goes_before_the_kept_one(tmp_path: Path) -> None:
    kept = signing_key(settings(tmp_path))
    assert signing_key(settings(tmp_path, revoke_signing_key="k" * 32)) == b"k" * 32
    assert signing_key(settings(tmp_path)) == kept
