"""Signing in and out; who am I."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from kaibo.kernel.config import Settings
from kaibo.kernel.db import Db
from kaibo.kernel.i18n import Locale
from kaibo.kernel.web import CallerDep, DbDep, StateDep, auth, limited
from kaibo.people.accounts.leave import delete_account
from kaibo.people.accounts.lookup import named_grants, person_view
from kaibo.people.accounts.rename import rename_person
from kaibo.people.accounts.request_code import request_code
from kaibo.people.accounts.sign_in import COOKIE, close_login, sign_in
from kaibo.people.accounts.staff_sign_in import staff_sign_in
from kaibo.people.contracts import PersonId, TermsNotAgreed
from kaibo.people.realname.lookup import standing
from kaibo.people.wire import LoginBody, LoginCodesBody, LoginCodesWire, Me, MeGrant, MePatch, MePerson, StaffLoginBody

router = APIRouter()


@router.post("/api/login/codes", status_code=202, dependencies=[auth.public])
async def request_login_code(body: LoginCodesBody, db: DbDep, caller: CallerDep) -> LoginCodesWire:
    """Send a one-time code to a phone."""
    sent = await request_code(db, body.phone, caller.ip, caller.locale)
    return LoginCodesWire(expires_in_seconds=sent.expires_in_seconds, retry_after_seconds=sent.retry_after_seconds)


@router.post("/api/login", dependencies=[auth.public, limited("30/minute")])
async def login(
    body: LoginBody, request: Request, response: Response, db: DbDep, caller: CallerDep, state: StateDep
) -> Me:
    """Sign in with the code; the first time makes the account."""
    if not body.agreed:
        raise TermsNotAgreed()
    person_id, token = await sign_in(state.database, db, body.phone, body.code, caller.ip, caller.locale)
    _set_cookie(response, request, state.settings, token)
    return await me_of(db, person_id, _csrf(request), caller.locale)


@router.post("/api/staff/login", dependencies=[auth.public, limited("20/minute")])
async def staff_login(
    body: StaffLoginBody, request: Request, response: Response, db: DbDep, caller: CallerDep, state: StateDep
) -> Me:
    """Platform staff: name, password, TOTP."""
    person_id, token = await staff_sign_in(state.database, db, body.username, body.password, body.totp, caller.ip)
    _set_cookie(response, request, state.settings, token)
    return await me_of(db, person_id, _csrf(request), caller.locale)


@router.post("/api/logout", status_code=204, dependencies=[auth.public])
async def logout(request: Request, response: Response, db: DbDep) -> None:
    """Sign out this browser; fine also where nobody is signed in."""
    token = request.cookies.get(COOKIE)
    if token:
        await close_login(db, token)
    response.delete_cookie(COOKIE, path="/")


@router.get("/api/me", dependencies=[auth.public])
async def get_me(request: Request, db: DbDep, caller: CallerDep) -> Me:
    """The person behind this browser with their roles, or nobody."""
    return await me_of(db, caller.person_id, _csrf(request), caller.locale)


@router.patch("/api/me", dependencies=[auth.signed_in])
async def patch_me(body: MePatch, request: Request, db: DbDep, caller: CallerDep) -> Me:
    """Change one's nickname."""
    await rename_person(db, caller.id, body.nickname)
    return await me_of(db, caller.id, _csrf(request), caller.locale)


@router.delete("/api/me", status_code=204, dependencies=[auth.signed_in])
async def delete_me(response: Response, db: DbDep, caller: CallerDep) -> None:
    """Delete one's account; refused, with every reason, while something is still open."""
    await delete_account(db, caller.id)
    response.delete_cookie(COOKIE, path="/")


def _csrf(request: Request) -> str:
    token: str = getattr(request.state, "csrf_token", "")
    return token


def _set_cookie(response: Response, request: Request, settings: Settings, token: str) -> None:
    secure = settings.public_url.startswith("https") or request.url.scheme == "https"
    response.set_cookie(
        COOKIE, token, max_age=settings.login_days * 86_400, path="/", httponly=True, samesite="lax", secure=secure
    )


async def me_of(db: Db, person_id: UUID | None, csrf_token: str, locale: Locale) -> Me:
    if person_id is None:
        return Me(signed_in=False, person=None, grants=[], csrf_token=csrf_token, locale=locale)
    person = (await person_view(db, [person_id]))[PersonId(person_id)]
    return Me(
        signed_in=True,
        person=MePerson(
            id=person.id,
            nickname=person.nickname,
            phone_masked=person.phone_masked,
            avatar_url=person.avatar_url,
            realname_state=(await standing(db, person_id)).state,
        ),
        grants=[
            MeGrant.model_validate(
                {"role": g.role, "scope_kind": g.scope_kind, "scope_id": g.scope_id, "scope_name": name}
            )
            for g, name in await named_grants(db, person_id)
        ],
        csrf_token=csrf_token,
        locale=locale,
    )
