"""Proof of an attestation, by pypi-attestations and sigstore. Loads both: import it late. Never asks the network."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from cryptography.hazmat import asn1
from cryptography.x509 import ExtensionNotFound, ObjectIdentifier, SubjectAlternativeName
from pydantic import TypeAdapter, ValidationError
from pypi_attestations import Attestation as SignedAttestation
from pypi_attestations import Publisher as Identity
from sigstore.errors import CertValidationError
from sigstore.errors import Error as SigstoreError
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier as BundleVerifier
from sigstore_models.trustroot.v1 import TrustedRoot as Roots

from safeinstall.facts.provenance import Attestation
from safeinstall.sources.provenance.object_json import ENTRIES, UnprovedError, shortened
from safeinstall.sources.provenance.publishers import UnknownPublisherError, publisher_of
from safeinstall.sources.provenance.statements import what_is_stated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryptography.x509 import Certificate
    from sigstore.models import Bundle
    from sigstore.verify.policy import VerificationPolicy
    from sigstore_models.common.v1 import TimeRange
    from sigstore_models.rekor.v1 import TransparencyLogEntry

    from safeinstall.facts.provenance import Publisher
    from safeinstall.sources.provenance.object_json import Claim

ISSUER, REPOSITORY, COMMIT, REF, RUN, ENVIRONMENT = 8, 12, 13, 14, 21, 23
"""Numbers of Fulcio's extensions (sigstore/fulcio: docs/oid-info.md)."""
_FULCIO = "1.3.6.1.4.1.57264.1"
_IDENTITIES: TypeAdapter[Any] = TypeAdapter(Identity)
_REASONS = (
    ("failed to verify SCT", "no certificate log of the trusted root vouches for its certificate"),
    ("Key usage is not", "its certificate is not for signatures"),
    ("Extended usage does not", "its certificate is not for signing code"),
    ("not enough sources of verified time", "no log promises when it was made"),
    ("Integrated time only supported", "its log entry is of a kind that cannot be verified"),
    ("Unsupported DSSE log entry type", "its log entry is of a kind that cannot be verified"),
    ("invalid log entry: inclusion proof", "its log entry is not proved to be in the log"),
    ("invalid log entry: checkpoint", "no log of the trusted root has signed the checkpoint of its log entry"),
    ("invalid log entry: note", "the checkpoint of its log entry cannot be read"),
    ("invalid log entry: malformed", "the checkpoint of its log entry cannot be read"),
    ("invalid log entry: ('Inclusion proof", "the checkpoint of its log entry is of another state of the log"),
    ("invalid log entry: SET", "no log of the trusted root has promised its log entry"),
    ("DSSE: invalid signature", "its signature is not one of this statement by the key of its certificate"),
    ("log entry payload hash", "its log entry is of another statement"),
    ("log entry signatures", "its log entry is of another signature or certificate"),
    ("invalid DSSE log entry", "what was logged cannot be read"),
    ("envelope signature must be non-empty", "it has no signature"),
    ("bundle must contain an inclusion promise", "no log promises when it was made"),
    ("invalid X.509 certificate", "its certificate cannot be read"),
    ("invalid transparency log entry", "its log entry cannot be read"),
)
"""How errors of the libraries begin, and what they say in the words of this program."""

# Without a handler of its own, logging would print what the library warns of.
logging.getLogger("sigstore").addHandler(logging.NullHandler())


class Prover:
    """Proves with one trusted root. May be used by many threads."""

    def __init__(self, root: bytes) -> None:
        """Keep the trusted root *root* (Sigstore, JSON). Raises :class:`UnprovedError` for what is none."""
        try:
            self._roots = Roots.from_json(root)
            self._verifiers: dict[tuple[int, ...], BundleVerifier] = {}
            BundleVerifier(trusted_root=TrustedRoot(self._roots))
        except (ValueError, SigstoreError) as error:
            raise UnprovedError(f"it is no trusted root: {shortened(str(error))}") from None

    def prove(self, claim: Claim, *, filename: str, sha256: str) -> Attestation:
        """Return what *claim* attests of the file. Raises :class:`UnprovedError` for whatever does not hold."""
        publisher = publisher_of(claim.publisher)
        policy = _NamedPublisher(_policy(claim.publisher), publisher)
        try:
            return self._prove(claim, policy, filename, sha256)
        except UnprovedError:
            raise
        except Exception as error:  # noqa: BLE001  # what is foreign may fail in the libraries in any way
            raise UnprovedError(_reason(error)) from None

    def _prove(self, claim: Claim, policy: _NamedPublisher, filename: str, sha256: str) -> Attestation:
        signed = SignedAttestation.model_validate(claim.attestation)
        predicate_type = what_is_stated(signed.envelope.statement, filename=filename, sha256=sha256)
        bundles = _bundles(signed)
        for bundle in bundles:
            self._verify(bundle, policy)
        _expect_environment(bundles[0].signing_certificate, policy.publisher)
        return _attestation(policy.publisher, predicate_type, bundles[0])

    def _verify(self, bundle: Bundle, policy: VerificationPolicy) -> None:
        """Verify signature, certificate, log entry and publisher of *bundle*."""
        certificate, logged = bundle.signing_certificate, _logged(bundle)
        if not certificate.not_valid_before_utc <= logged <= certificate.not_valid_after_utc:
            raise UnprovedError(f"its certificate was not valid when it was logged, {_day(logged)}")
        self._verifier(logged).verify_dsse(bundle, policy)
        _expect_whole_tree(bundle)

    def _verifier(self, when: datetime) -> BundleVerifier:
        """Return one that trusts what was valid *when* something was logged; sigstore's own trusts what ever was."""
        valid = _valid(self._roots, when)
        key = tuple(id(each) for each in (*valid.certificate_authorities, *valid.tlogs, *valid.ctlogs))
        if key not in self._verifiers:
            self._verifiers[key] = BundleVerifier(trusted_root=TrustedRoot(valid))
        return self._verifiers[key]


def _valid(roots: Roots, when: datetime) -> Roots:
    """Return what of *roots* was valid *when* something was logged. Each of its kinds is needed."""
    authorities = [each for each in roots.certificate_authorities if _covers(each.valid_for, when)]
    logs = [each for each in roots.tlogs if _covers(each.public_key.valid_for, when)]
    certificate_logs = [each for each in roots.ctlogs if _covers(each.public_key.valid_for, when)]
    for name, found in (("certificate authority", authorities), ("log", logs), ("certificate log", certificate_logs)):
        if not found:
            raise UnprovedError(f"the trusted root has no {name} that was valid when it was logged, {_day(when)}")
    return roots.model_copy(update={"certificate_authorities": authorities, "tlogs": logs, "ctlogs": certificate_logs})


class _NamedPublisher:
    """pypi-attestations' policy for a publisher, which says whose the certificate is where it is another's."""

    def __init__(self, policy: VerificationPolicy, publisher: Publisher) -> None:
        self._policy, self.publisher = policy, publisher

    def verify(self, cert: Certificate) -> None:
        """Raise :class:`UnprovedError` for a certificate of another."""
        try:
            self._policy.verify(cert)
        except ExtensionNotFound as error:
            raise UnprovedError(f"its certificate lacks the extension {error.oid.dotted_string}") from None
        except SigstoreError as error:
            if str(error).startswith("Certificate does not contain"):
                missing = str(error).partition("(")[2].partition(")")[0]
                raise UnprovedError(f"its certificate lacks the extension {missing}") from None
            if str(error).startswith("Certificate must contain"):
                raise UnprovedError("its certificate names neither a commit nor a branch or tag") from None
            raise UnprovedError(f"its certificate is not that publisher's: it is of {_identity(cert)}") from None
        except Exception:  # noqa: BLE001 - extensions are read by two libraries, each with errors of its own
            raise UnprovedError("what its certificate says of the publisher cannot be read") from None


def _policy(publisher: Mapping[str, Any]) -> VerificationPolicy:
    """Return pypi-attestations' policy for *publisher*; it knows fewer kinds than the index does."""
    try:
        found: VerificationPolicy = _IDENTITIES.validate_python(publisher)._as_policy()  # noqa: SLF001 - as its own verify does
    except ValidationError as error:
        if [each["type"] for each in error.errors()] != ["union_tag_invalid"]:
            raise UnprovedError("a publisher of its provenance cannot be read") from None
        kind = shortened(publisher["kind"])
        raise UnknownPublisherError(f"its publisher is of the kind {kind}, which cannot be proved") from None
    return found


def _bundles(signed: SignedAttestation) -> Sequence[Bundle]:
    """Return *signed* with each of its log entries: the library looks at the first alone."""
    material = signed.verification_material
    if len(material.transparency_entries) > ENTRIES:
        raise UnprovedError(f"it has more than {ENTRIES} log entries")
    each = [material.model_copy(update={"transparency_entries": [entry]}) for entry in material.transparency_entries]
    return [signed.model_copy(update={"verification_material": one}).to_bundle() for one in each]


def _log_entry(bundle: Bundle) -> TransparencyLogEntry:
    return bundle.log_entry._inner  # noqa: SLF001 - sigstore has no other door to it


def _logged(bundle: Bundle) -> datetime:
    """Return when the log says that it took the entry, which :meth:`Prover._verify` proves later."""
    entry = _log_entry(bundle)
    if not entry.integrated_time or not entry.inclusion_promise:
        raise UnprovedError("no log promises when it was made")
    try:
        return datetime.fromtimestamp(entry.integrated_time, timezone.utc)
    except (ValueError, OverflowError, OSError):
        raise UnprovedError("the time of its log entry is none") from None


def _expect_whole_tree(bundle: Bundle) -> None:
    """The place in the log is proved for one size of it: that of the checkpoint, which sigstore does not compare."""
    proof = _log_entry(bundle).inclusion_proof
    said = proof.checkpoint.envelope.strip().split("\n")[1] if proof.checkpoint else ""
    if said != str(proof.tree_size):
        raise UnprovedError("the checkpoint of its log entry is of another size of the log")


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d}"


def _expect_environment(certificate: Certificate, publisher: Publisher) -> None:
    """The index tells it without regard to case; older certificates, and those of jobs without one, tell none."""
    said = _extension(certificate, ENVIRONMENT)
    if publisher.environment and said and said.casefold() != publisher.environment.casefold():
        raise UnprovedError(f"its certificate is of another environment: {shortened(said)}")


def _covers(valid: TimeRange | None, when: datetime) -> bool:
    return valid is None or (valid.start <= when and (valid.end is None or when <= valid.end))


def _attestation(publisher: Publisher, predicate_type: str, bundle: Bundle) -> Attestation:
    certificate = bundle.signing_certificate
    return Attestation(
        publisher=publisher,
        predicate_type=predicate_type,
        commit=_extension(certificate, COMMIT),
        ref=_extension(certificate, REF),
        run=_extension(certificate, RUN),
        repository_url=_extension(certificate, REPOSITORY),
        logged=_logged(bundle),
        log_index=_log_entry(bundle).log_index,
    )


def _extension(certificate: Certificate, number: int) -> str | None:
    """Return what Fulcio's extension *number* says (a UTF8String, DER)."""
    oid = ObjectIdentifier(f"{_FULCIO}.{number}")
    try:
        return str(asn1.decode_der(str, certificate.extensions.get_extension_for_oid(oid).value.public_bytes()))
    except ExtensionNotFound:
        return None
    except ValueError:
        raise UnprovedError(f"the extension {oid.dotted_string} of its certificate cannot be read") from None


def _identity(certificate: Certificate) -> str:
    """Say whose *certificate* is, and who said so to Sigstore."""
    names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
    said = ", ".join(str(getattr(name, "value", name)) for name in names)
    return f"{shortened(said, 200)}, by {shortened(_extension(certificate, ISSUER) or 'nobody', 100)}"


def _reason(error: Exception) -> str:
    """Say what *error* of the libraries means."""
    if isinstance(error, CertValidationError):
        return "its certificate does not lead to the trusted root"
    if isinstance(error, ValidationError):
        if [each["type"] for each in error.errors()] == ["too_short"]:
            return "it has no log entry"
        places = sorted({".".join(map(str, each["loc"])) for each in error.errors(include_input=False)})
        return f"it cannot be read: {shortened(', '.join(places))}"
    text = str(error)
    words = next((words for begin, words in _REASONS if text.startswith(begin)), "")
    return words or f"it cannot be verified: {type(error).__name__} {shortened(text)}".rstrip()
