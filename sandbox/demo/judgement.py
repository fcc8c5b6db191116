"""Judge the demo by what the sandbox saw: who removed what, who signs in, how each character's story ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.demo.stage import Stage
from sandbox.entra.truth import Minted
from sandbox.tenant.cast.members import CastMember, Outcome, Wish

_BLOCKED = {
    Outcome.BLOCKED_POLICY: "policy-forbids",
    Outcome.BLOCKED_NAME: "vault-name-taken",
    Outcome.BLOCKED_LIMIT: "credential-limit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one character's story ended: `state` is a word of ux.md, `wrong` is empty when it is as declared."""

    member: CastMember
    state: str
    says: str
    wrong: str = ""


def removed_by_us(stage: Stage) -> list[Minted]:
    """Give every credential that our app removed, as Graph noted it."""
    cloud = stage.world.cloud
    with cloud.entra.directory.lock:
        return [each for each in cloud.entra.truth.minted.values() if each.removed_by == cloud.app[0]]


def foreign_removed(stage: Stage) -> list[str]:
    """Name the key ids that our app removed though neither it made them nor an owner handed them over."""
    handed_over = {held.key_id for member in stage.members if member.wish is Wish.ENROL for held in member.credentials}
    ours = stage.world.cloud.app[0]
    return [m.key_id for m in removed_by_us(stage) if m.minted_by != ours and m.key_id not in handed_over]


def endings(stage: Stage, lines: Sequence[Mapping[str, Any]], remarks: Sequence[str]) -> list[Ending]:
    """Tell how each character ended, in the order of the cast."""
    by_application = {line["application"]: line for line in lines}
    judge = _Judge(stage=stage, remarks=remarks, gone={each.key_id: each for each in removed_by_us(stage)})
    return [judge.ending(member, by_application.get(member.object_id)) for member in stage.members]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    stage: Stage
    remarks: Sequence[str]
    gone: Mapping[str, Minted]

    def ending(self, member: CastMember, line: Mapping[str, Any] | None) -> Ending:
        match member.outcome:
            case Outcome.RETIRED:
                return self._retired(member, line)
            case Outcome.WAITS_FOR_PERSON:
                return self._handed_off(member, line)
            case Outcome.OVERLAPS:
                kept = not self._removed(member)
                last = self._last_use(member)
                return self._ending(member, line, "overlapping", says=f"old secret still used by {last}", right=kept)
            case Outcome.BLOCKED_POLICY | Outcome.BLOCKED_NAME | Outcome.BLOCKED_LIMIT:
                reason = _BLOCKED[member.outcome]
                found = line is not None and reason in line["says"]
                return self._ending(member, line, "blocked", says=line["says"] if line else "", right=found)
            case Outcome.STRAY_REPORTED:
                stray = next(held.key_id for held in member.credentials if "rotation:" in (held.display_name or ""))
                told = any(stray in remark for remark in self.remarks)
                return self._watched(member, line, "a stray: reported, never removed", right=told)
            case Outcome.REMINDED:
                count = self._reminded(member)
                return self._watched(member, line, f"nobody rotates it: {count} reminders", right=count > 0)
            case Outcome.NOT_A_SECRET:
                return self._watched(member, line, "a SAML certificate: watched, never rotated", right=True)

    def _retired(self, member: CastMember, line: Mapping[str, Any] | None) -> Ending:
        """All that was handed over is gone; a canary that rested may be at its next rotation already."""
        right = bool(self._removed(member)) and len(self._removed(member)) == len(member.credentials)
        state = line["state"] if line and member.canary and line["state"] == "overlapping" else "healthy"
        return self._ending(member, line, state, says="rotated, old one removed", right=right, shown="done")

    def _handed_off(self, member: CastMember, line: Mapping[str, Any] | None) -> Ending:
        """Acknowledged, seen in use, and retired; or, nobody having pasted, still waiting with the old one alive."""
        if self._removed(member):
            return self._retired(member, line)
        says = f"waits for {member.owner.name}: paste the new secret"
        return self._ending(member, line, "waiting", says=says, right=True)

    def _watched(self, member: CastMember, line: Mapping[str, Any] | None, says: str, *, right: bool) -> Ending:
        wrong = "" if right and line is None and not self._removed(member) else f"{member.display_name}: not {says}"
        return Ending(member=member, state="approaching", says=says, wrong=wrong)

    def _ending(
        self,
        member: CastMember,
        line: Mapping[str, Any] | None,
        state: str,
        *,
        says: str,
        right: bool,
        shown: str = "",
    ) -> Ending:
        found = line["state"] if line else "not enrolled"
        if right and found == state:
            return Ending(member=member, state=shown or state, says=says)
        phase = line["phase"] if line else ""
        wrong = f"{member.display_name}: {found} {phase}, declared was {member.outcome.value!r}"
        return Ending(member=member, state="blocked", says=wrong, wrong=wrong)

    def _removed(self, member: CastMember) -> list[str]:
        return [held.key_id for held in member.credentials if held.key_id in self.gone]

    def _last_use(self, member: CastMember) -> str:
        keys = {held.key_id for held in member.credentials}
        truth = self.stage.world.cloud.entra.truth
        uses = [use for key in keys for use in truth.by_key.get(key, [])]
        return max(uses, key=lambda use: use.at).source if uses else "nobody"

    def _reminded(self, member: CastMember) -> int:
        return sum(member.display_name in text_of(mail) for mail in mails(self.stage))


def mails(stage: Stage) -> list[dict[str, Any]]:
    """Give every mail that was sent, as Graph took it."""
    with stage.world.cloud.entra.directory.lock:
        return list(stage.world.cloud.entra.truth.mails)


def text_of(mail: Mapping[str, Any]) -> str:
    return f"{mail['message'].get('subject', '')}\n{mail['message'].get('body', {}).get('content', '')}"


def all_retired(stage: Stage) -> bool:
    """Tell whether every old secret that the story lets go is gone."""
    gone = {each.key_id for each in removed_by_us(stage)}
    leaving = [member for member in stage.members if member.outcome is Outcome.RETIRED or member.key == "ci-sync-azure"]
    return all(held.key_id in gone for member in leaving for held in member.credentials)


def wrongs(found: Iterable[Ending]) -> list[str]:
    return [ending.wrong for ending in found if ending.wrong]
