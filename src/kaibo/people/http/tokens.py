"""One's own personal access tokens. No token reaches these routes: a token cannot make another."""

from __future__ import annotations

from fastapi import APIRouter

from kaibo.kernel.i18n import say
from kaibo.kernel.web import CallerDep, DbDep, Id, Idempotent, Page, PageQuery, auth, limited
from kaibo.kernel.web.scopes import SCOPES
from kaibo.people.tokens.create import create_token
from kaibo.people.tokens.lookup import token_view, tokens_of, writes_of
from kaibo.people.tokens.revoke import revoke_token
from kaibo.people.wire_tokens import ScopesWire, ScopeWire, TokenBody, TokenCreated, TokenWire, TokenWriteWire

router = APIRouter(tags=["tokens"])


@router.get("/api/me/token-scopes", dependencies=[auth.signed_in])
async def list_token_scopes(caller: CallerDep) -> ScopesWire:
    """What a token may be allowed to do; `useful` where one's own roles make something of it."""
    kinds = {grant.scope_kind for grant in caller.grants}
    return ScopesWire(
        items=[
            ScopeWire(
                name=scope.name,
                title=say(f"people.scope.{scope.name}", caller.locale, {}),
                useful=not scope.kinds or not kinds.isdisjoint(scope.kinds),
            )
            for scope in SCOPES.values()
        ]
    )


@router.get("/api/me/tokens", dependencies=[auth.signed_in])
async def list_tokens(db: DbDep, caller: CallerDep, page: PageQuery) -> Page[TokenWire]:
    """One's own tokens, newest first, also expired and revoked ones; never the secret."""
    found = await tokens_of(db, caller.id, before=page.uuid(0), limit=page.limit + 1)
    items = [TokenWire.of(view) for view in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))


@router.post("/api/me/tokens", status_code=201, dependencies=[auth.signed_in, limited("20/hour")])
async def create_access_token(body: TokenBody, db: DbDep, caller: CallerDep, idem: Idempotent) -> TokenCreated:
    """Make a token. `token` is told this once; a repeat with the same Idempotency-Key tells its facts without it."""
    async with idem.guard(db, caller, body) as seen:
        if seen.response is not None:
            return TokenCreated.model_validate(seen.response)
        made = await create_token(
            db, caller, name=body.name, scopes=body.scopes, shop_id=body.shop_id, days=body.expires_in_days
        )
        facts = seen.keep(TokenCreated(token=None, facts=TokenWire.of(made.view)))
        return facts.model_copy(update={"token": made.token})


@router.delete("/api/me/tokens/{token_id}", status_code=204, dependencies=[auth.signed_in])
async def revoke_access_token(token_id: Id, db: DbDep, caller: CallerDep) -> None:
    """Refused from now on."""
    await revoke_token(db, caller.id, token_id)


@router.get("/api/me/tokens/{token_id}/writes", dependencies=[auth.signed_in])
async def list_token_writes(token_id: Id, db: DbDep, caller: CallerDep, page: PageQuery) -> Page[TokenWriteWire]:
    """Every change made with a token, newest first."""
    view = await token_view(db, caller.id, token_id)
    found = await writes_of(db, view.id, before=page.uuid(0), limit=page.limit + 1)
    items = [TokenWriteWire(**vars(write)) for write in found[: page.limit]]
    return Page(items=items, next_cursor=page.next(found))
