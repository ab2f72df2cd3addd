"""The library that closes the holes: a layer around the application, and every part of it alone.

Names are imported when they are asked for, so that one part costs nothing of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.lazy import lazy

if TYPE_CHECKING:
    from buckler.guard.access.dependencies import authenticated as authenticated
    from buckler.guard.access.dependencies import optional as optional
    from buckler.guard.access.dependencies import public as public
    from buckler.guard.access.dependencies import requires as requires
    from buckler.guard.access.owners import owned as owned
    from buckler.guard.alarms.alarm import Alarm as Alarm
    from buckler.guard.alarms.alarms import Alarms as Alarms
    from buckler.guard.alarms.detectors import Threshold as Threshold
    from buckler.guard.audit.audit import Audit as Audit
    from buckler.guard.audit.chain import Chain as Chain
    from buckler.guard.audit.events import EventKind as EventKind
    from buckler.guard.audit.events import SecurityEvent as SecurityEvent
    from buckler.guard.audit.events import Severity as Severity
    from buckler.guard.audit.file import FileSink as FileSink
    from buckler.guard.audit.http import HttpSink as HttpSink
    from buckler.guard.audit.memory import MemorySink as MemorySink
    from buckler.guard.audit.otel import OpenTelemetrySink as OpenTelemetrySink
    from buckler.guard.audit.record import AuditRecord as AuditRecord
    from buckler.guard.audit.stdout import StdoutSink as StdoutSink
    from buckler.guard.audit.syslog import SyslogSink as SyslogSink
    from buckler.guard.audit.watch import WatchSink as WatchSink
    from buckler.guard.auth.account import Accounts as Accounts
    from buckler.guard.auth.account import AccountTimes as AccountTimes
    from buckler.guard.auth.errors import CredentialError as CredentialError
    from buckler.guard.auth.errors import FactorError as FactorError
    from buckler.guard.auth.errors import NameRefusedError as NameRefusedError
    from buckler.guard.auth.errors import PasswordError as PasswordError
    from buckler.guard.auth.errors import PasswordPolicyError as PasswordPolicyError
    from buckler.guard.auth.errors import TokenError as TokenError
    from buckler.guard.auth.errors import TokenReusedError as TokenReusedError
    from buckler.guard.auth.errors import TooBusyError as TooBusyError
    from buckler.guard.auth.identities import Identities as Identities
    from buckler.guard.auth.jwt.claims import Claims as Claims
    from buckler.guard.auth.jwt.issuer import TokenIssuer as TokenIssuer
    from buckler.guard.auth.jwt.jwks import jwks as jwks
    from buckler.guard.auth.jwt.jwks import jwks_route as jwks_route
    from buckler.guard.auth.jwt.key import SigningKey as SigningKey
    from buckler.guard.auth.jwt.keys import KeySet as KeySet
    from buckler.guard.auth.jwt.remote import RemoteKeys as RemoteKeys
    from buckler.guard.auth.jwt.revocation import RevocationList as RevocationList
    from buckler.guard.auth.jwt.signature import SignatureVerifier as SignatureVerifier
    from buckler.guard.auth.jwt.token_policy import TokenPolicy as TokenPolicy
    from buckler.guard.auth.jwt.verifier import TokenVerifier as TokenVerifier
    from buckler.guard.auth.lockout import Delays as Delays
    from buckler.guard.auth.lockout import Lockout as Lockout
    from buckler.guard.auth.mail import Mail as Mail
    from buckler.guard.auth.mail import MailKind as MailKind
    from buckler.guard.auth.mfa.passkey import PasskeyOptions as PasskeyOptions
    from buckler.guard.auth.mfa.service import SecondFactors as SecondFactors
    from buckler.guard.auth.mfa.totp import TotpSetup as TotpSetup
    from buckler.guard.auth.names import normalise as normalise
    from buckler.guard.auth.oauth.certificate_header import CertificateHeader as CertificateHeader
    from buckler.guard.auth.oauth.client.errors import ProviderError as ProviderError
    from buckler.guard.auth.oauth.client.errors import SignInError as SignInError
    from buckler.guard.auth.oauth.client.provider import Provider as Provider
    from buckler.guard.auth.oauth.client.sign_in_with import SignInWith as SignInWith
    from buckler.guard.auth.oauth.dpop_nonces import DpopNonces as DpopNonces
    from buckler.guard.auth.oauth.errors import OAuthError as OAuthError
    from buckler.guard.auth.oauth.resource.access_token import AccessToken as AccessToken
    from buckler.guard.auth.oauth.resource.introspection import (
        IntrospectionIssuer as IntrospectionIssuer,
    )
    from buckler.guard.auth.oauth.resource.jwt_issuer import JwtIssuer as JwtIssuer
    from buckler.guard.auth.oauth.resource.local import LocalIssuer as LocalIssuer
    from buckler.guard.auth.oauth.resource.server import ResourceServer as ResourceServer
    from buckler.guard.auth.oauth.server.client import OAuthClient as OAuthClient
    from buckler.guard.auth.oauth.server.policy import OAuthPolicy as OAuthPolicy
    from buckler.guard.auth.oauth.server.server import AuthorizationServer as AuthorizationServer
    from buckler.guard.auth.one_time import Links as Links
    from buckler.guard.auth.one_time import OneTime as OneTime
    from buckler.guard.auth.password.argon2id import Argon2Parameters as Argon2Parameters
    from buckler.guard.auth.password.breached import Breached as Breached
    from buckler.guard.auth.password.breached import BreachedFile as BreachedFile
    from buckler.guard.auth.password.breached import LeaksUnknownError as LeaksUnknownError
    from buckler.guard.auth.password.hashing import Passwords as Passwords
    from buckler.guard.auth.password.hashing import Verification as Verification
    from buckler.guard.auth.password.policy import PasswordPolicy as PasswordPolicy
    from buckler.guard.auth.policy import AuthPolicy as AuthPolicy
    from buckler.guard.auth.principal import Principal as Principal
    from buckler.guard.auth.refresh import RefreshRotation as RefreshRotation
    from buckler.guard.auth.sign_in import PasswordSignIn as PasswordSignIn
    from buckler.guard.egress import AsyncSafeTransport as AsyncSafeTransport
    from buckler.guard.egress import EgressPolicy as EgressPolicy
    from buckler.guard.egress import EgressRefused as EgressRefused
    from buckler.guard.egress import SafeTransport as SafeTransport
    from buckler.guard.egress import async_safe_client as async_safe_client
    from buckler.guard.egress import safe_client as safe_client
    from buckler.guard.errors.handlers import ProblemDetails as ProblemDetails
    from buckler.guard.guard import Guard as Guard
    from buckler.guard.headers.clear_site_data import clear_site_data as clear_site_data
    from buckler.guard.headers.content_security_policy import NONCE as NONCE
    from buckler.guard.headers.content_security_policy import (
        ContentSecurityPolicy as ContentSecurityPolicy,
    )
    from buckler.guard.headers.policy import HeaderPolicy as HeaderPolicy
    from buckler.guard.headers.reports import Reports as Reports
    from buckler.guard.inbound import csp_nonce as csp_nonce
    from buckler.guard.inbound import identify as identify
    from buckler.guard.inbound import request_id as request_id
    from buckler.guard.inspection.inspection import Inspection as Inspection
    from buckler.guard.inspection.sign import Attack as Attack
    from buckler.guard.limits.cors import Cors as Cors
    from buckler.guard.limits.csrf import Csrf as Csrf
    from buckler.guard.limits.csrf import FormToken as FormToken
    from buckler.guard.limits.memory import MemoryStore as MemoryStore
    from buckler.guard.limits.rate import Rate as Rate
    from buckler.guard.limits.redis import RedisStore as RedisStore
    from buckler.guard.limits.websocket import WebSocketLimits as WebSocketLimits
    from buckler.guard.middleware import AttackInspection as AttackInspection
    from buckler.guard.middleware import BodyLimit as BodyLimit
    from buckler.guard.middleware import CrossOrigin as CrossOrigin
    from buckler.guard.middleware import CsrfProtection as CsrfProtection
    from buckler.guard.middleware import HttpsOnly as HttpsOnly
    from buckler.guard.middleware import RateLimit as RateLimit
    from buckler.guard.middleware import SecurityHeaders as SecurityHeaders
    from buckler.guard.middleware import TimeLimit as TimeLimit
    from buckler.guard.middleware import TrustedHosts as TrustedHosts
    from buckler.guard.middleware import WebSocketBounds as WebSocketBounds
    from buckler.guard.options import GuardError as GuardError
    from buckler.guard.policy import Policy as Policy
    from buckler.guard.policy import RoutePolicy as RoutePolicy
    from buckler.guard.policy import with_policy as with_policy
    from buckler.guard.response_check.judging import AnswerError as AnswerError
    from buckler.guard.stores.errors import StoreError as StoreError
    from buckler.guard.stores.memory import MemoryStores as MemoryStores
    from buckler.guard.stores.records import Role as Role
    from buckler.guard.stores.records import User as User
    from buckler.guard.stores.redis import RedisReplays as RedisReplays
    from buckler.guard.stores.sql import SqlStores as SqlStores
    from buckler.guard.stores.sql import SqlUsers as SqlUsers
    from buckler.guard.validate import Identifier as Identifier
    from buckler.guard.validate import Money as Money
    from buckler.guard.validate import Page as Page
    from buckler.guard.validate import PageSize as PageSize
    from buckler.guard.validate import PlainText as PlainText
    from buckler.guard.validate import PublicUrl as PublicUrl
    from buckler.guard.validate import RelativeUrl as RelativeUrl
    from buckler.guard.validate import SafeFilename as SafeFilename
    from buckler.guard.validate import SafeHtml as SafeHtml
    from buckler.guard.validate import SafePath as SafePath
    from buckler.guard.validate import SortField as SortField
    from buckler.guard.validate import StrictModel as StrictModel
    from buckler.guard.validate import Upload as Upload
else:
    __getattr__, __all__ = lazy(
        __name__,
        {
            "access.dependencies": ("authenticated", "optional", "public", "requires"),
            "access.owners": ("owned",),
            "alarms.alarm": ("Alarm",),
            "alarms.alarms": ("Alarms",),
            "alarms.detectors": ("Threshold",),
            "audit.audit": ("Audit",),
            "audit.chain": ("Chain",),
            "audit.events": ("EventKind", "SecurityEvent", "Severity"),
            "audit.file": ("FileSink",),
            "audit.http": ("HttpSink",),
            "audit.memory": ("MemorySink",),
            "audit.otel": ("OpenTelemetrySink",),
            "audit.record": ("AuditRecord",),
            "audit.stdout": ("StdoutSink",),
            "audit.syslog": ("SyslogSink",),
            "audit.watch": ("WatchSink",),
            "auth.jwt.claims": ("Claims",),
            "auth.jwt.issuer": ("TokenIssuer",),
            "auth.jwt.jwks": ("jwks", "jwks_route"),
            "auth.jwt.key": ("SigningKey",),
            "auth.jwt.keys": ("KeySet",),
            "auth.jwt.remote": ("RemoteKeys",),
            "auth.jwt.revocation": ("RevocationList",),
            "auth.jwt.signature": ("SignatureVerifier",),
            "auth.jwt.token_policy": ("TokenPolicy",),
            "auth.jwt.verifier": ("TokenVerifier",),
            "auth.oauth.certificate_header": ("CertificateHeader",),
            "auth.oauth.dpop_nonces": ("DpopNonces",),
            "auth.oauth.resource.access_token": ("AccessToken",),
            "auth.oauth.resource.introspection": ("IntrospectionIssuer",),
            "auth.oauth.resource.jwt_issuer": ("JwtIssuer",),
            "auth.oauth.resource.local": ("LocalIssuer",),
            "auth.oauth.resource.server": ("ResourceServer",),
            "auth.refresh": ("RefreshRotation",),
            "auth.identities": ("Identities",),
            "auth.policy": ("AuthPolicy",),
            "auth.principal": ("Principal",),
            "auth.account": (
                "AccountTimes",
                "Accounts",
            ),
            "auth.errors": (
                "CredentialError",
                "FactorError",
                "NameRefusedError",
                "PasswordError",
                "PasswordPolicyError",
                "TokenError",
                "TokenReusedError",
                "TooBusyError",
            ),
            "auth.lockout": (
                "Delays",
                "Lockout",
            ),
            "auth.mail": (
                "Mail",
                "MailKind",
            ),
            "auth.mfa.passkey": ("PasskeyOptions",),
            "auth.mfa.service": ("SecondFactors",),
            "auth.mfa.totp": ("TotpSetup",),
            "auth.names": ("normalise",),
            "auth.oauth.client.errors": ("ProviderError", "SignInError"),
            "auth.oauth.client.provider": ("Provider",),
            "auth.oauth.client.sign_in_with": ("SignInWith",),
            "auth.oauth.errors": ("OAuthError",),
            "auth.oauth.server.client": ("OAuthClient",),
            "auth.oauth.server.policy": ("OAuthPolicy",),
            "auth.oauth.server.server": ("AuthorizationServer",),
            "auth.one_time": (
                "Links",
                "OneTime",
            ),
            "auth.password.argon2id": ("Argon2Parameters",),
            "auth.password.breached": (
                "Breached",
                "BreachedFile",
                "LeaksUnknownError",
            ),
            "auth.password.hashing": (
                "Passwords",
                "Verification",
            ),
            "auth.password.policy": ("PasswordPolicy",),
            "auth.sign_in": ("PasswordSignIn",),
            "egress": (
                "AsyncSafeTransport",
                "EgressPolicy",
                "EgressRefused",
                "SafeTransport",
                "async_safe_client",
                "safe_client",
            ),
            "errors.handlers": ("ProblemDetails",),
            "guard": ("Guard",),
            "headers.clear_site_data": ("clear_site_data",),
            "headers.content_security_policy": ("ContentSecurityPolicy", "NONCE"),
            "headers.policy": ("HeaderPolicy",),
            "headers.reports": ("Reports",),
            "inbound": ("csp_nonce", "identify", "request_id"),
            "inspection.inspection": ("Inspection",),
            "inspection.sign": ("Attack",),
            "limits.cors": ("Cors",),
            "limits.csrf": ("Csrf", "FormToken"),
            "limits.memory": ("MemoryStore",),
            "limits.rate": ("Rate",),
            "limits.redis": ("RedisStore",),
            "limits.websocket": ("WebSocketLimits",),
            "middleware": (
                "AttackInspection",
                "BodyLimit",
                "CrossOrigin",
                "CsrfProtection",
                "HttpsOnly",
                "RateLimit",
                "SecurityHeaders",
                "TimeLimit",
                "TrustedHosts",
                "WebSocketBounds",
            ),
            "options": ("GuardError",),
            "policy": ("Policy", "RoutePolicy", "with_policy"),
            "response_check.judging": ("AnswerError",),
            "stores.errors": ("StoreError",),
            "stores.memory": ("MemoryStores",),
            "stores.records": ("Role", "User"),
            "stores.redis": ("RedisReplays",),
            "stores.sql": ("SqlStores", "SqlUsers"),
            "validate": (
                "Identifier",
                "Money",
                "Page",
                "PageSize",
                "PlainText",
                "PublicUrl",
                "RelativeUrl",
                "SafeFilename",
                "SafeHtml",
                "SafePath",
                "SortField",
                "StrictModel",
                "Upload",
            ),
        },
    )
