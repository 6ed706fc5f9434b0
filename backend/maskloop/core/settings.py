"""All settings of the service, read once from `MASKLOOP_*` environment variables."""

from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Frozen: a process never changes its settings. Secrets print as stars."""

    model_config = SettingsConfigDict(env_prefix="MASKLOOP_", frozen=True, extra="ignore")

    database_url: SecretStr = Field(SecretStr(""), description="postgresql://user:password@host:port/name")
    redis_url: SecretStr = Field(SecretStr(""), description="redis://:password@host:port/0")
    store_url: SecretStr = Field(SecretStr(""), description="file:///folder or s3://bucket (AWS_* credentials)")
    data_dir: Path = Field(Path(".maskloop"), description="where the embedded mode keeps everything")
    scratch_dir: Path | None = Field(None, description="scratch of runners; default: temporary folder")
    admin_password: SecretStr | None = Field(None, description="of `admin` on first start; else generated")
    organisation: str | None = Field(None, description="shown on the sign-in page")
    public_url: str | None = Field(None, description="the address that browsers use, when behind a proxy")
    insecure_http: bool = Field(False, description="send cookies over plain http to other machines; shown as a banner")
    session_idle_s: int = Field(15 * 60, ge=60, description="a browser session locks after this long without a request")
    session_absolute_s: int = Field(12 * 3600, ge=300, description="a browser session ends after this long")
    password_memory_kib: int = Field(65536, ge=32, description="memory of one argon2id hash; less only in tests")
    database_pool: int = Field(12, ge=1, description="connections that one process keeps")
    upload_max_bytes: int = Field(16 << 30, description="largest single uploaded file")
    low_space_bytes: int = Field(2 << 30, description="uploads are refused below this much free space")
    job_lease_s: int = Field(30, ge=2, description="a worker that is silent for this long has lost its job")
    runner_memory_bytes: int = Field(6 << 30, description="address space limit of one runner")
    runner_timeout_s: int = Field(1800, description="wall clock limit of one runner call")
    job_retry_s: int = Field(5, ge=0, description="pause before a failed attempt is repeated, times the attempt")
    thin_after_days: int = Field(7, ge=0, description="whole tiles of older revisions are dropped; their patches stay")
    web_processes: int = Field(2, ge=1, le=64, description="processes that answer on the port of one `serve`")
    workers: int = Field(2, ge=1, description="worker slots of the embedded mode")
    test_fail_points: bool = Field(False, description="fail points answer only where this is set (tests)")


@cache
def get_settings() -> Settings:
    """Return the settings of this process. Raises pydantic's ValidationError naming the variable."""
    return Settings()
