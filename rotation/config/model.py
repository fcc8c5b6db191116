"""The shape of `rotation.yaml`: every key that may stand in it, with what it means."""

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from rotation.config import fields
from rotation.config.faults import fault
from rotation.config.problem import Wrong
from rotation.integrations.connections import ConnectionPart


class Section(BaseModel):
    """A mapping of the file: unknown keys are refused, and a key without a value is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_key_without_a_value(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            return value
        factory = cls.model_fields[info.field_name or ""].default_factory
        if factory is None:
            raise fault(Wrong(what="has no value", allowed="a value, or leave the key out"))
        return cls.model_fields[info.field_name or ""].get_default(call_default_factory=True, validated_data={})


class TermsPart(Section):
    """How a line is rotated; a line's own word goes before its policy's, and that before the defaults'."""

    lifetime: fields.Days | None = Field(
        None,
        description="How long a new secret lives, at most what the tenant allows. Default 180d. A line with a hand-off "
        "asks 730d unless its policy or the line itself says otherwise, because each of its rotations costs a person.",
    )
    lead_time: fields.Days | None = Field(
        None,
        description="How long before its end a secret is rotated; at most a third of the lifetime, brought forward by "
        "up to a fifth so that not everything falls due in one night. Default 60d.",
    )
    overlap: fields.DaysOrZero | None = Field(
        None, description="How long both secrets stay valid after everybody has the new one. Default 7d."
    )
    quiet: fields.DaysOrZero | None = Field(
        None,
        description="How long nobody may have signed in with the old secret before it goes. "
        "Default: the overlap, at least 7d.",
    )
    proof: fields.ProofWord | None = Field(
        None,
        description="required: stop where we cannot sign in with the new secret. best-effort: go on where the reason "
        "is not the secret (no service principal here, Conditional Access). Default required.",
    )
    proof_over: fields.MinutesOrZero | None = Field(
        None, description="The five sign-ins that prove a new secret are spread over this. Default 2m."
    )
    retire: fields.RetireWord | None = Field(
        None,
        description="evidence: the old secret goes when it is seen that nobody needs it. after-overlap: an "
        "acknowledgement and the clock are enough. Default evidence.",
    )
    hand_off_deadline: fields.Days | None = Field(
        None, description="How long a person has for a hand-off before it escalates. Default 14d."
    )
    approval: fields.Approval | None = Field(
        None, description="required: a second person says yes before each rotation. Default none."
    )
    heal: fields.YesOrNo | None = Field(
        None,
        description="true: a destination that is found without the secret that was verified there gets it again, once "
        "a version. false: it is only told of. Default true.",
    )


class WindowPart(Section):
    """When secrets may be minted and removed; over midnight, a window belongs to the day on which it opens."""

    days: list[fields.Weekday] | None = Field(None, description="Default: every day.")
    hours: fields.Hours | None = Field(None, description='Such as "22:00-05:00". Default: the whole day.')
    zone: fields.Zone | None = Field(None, description="Such as Europe/Amsterdam. Default UTC.")


class DefaultsPart(TermsPart):
    """What holds for every policy that does not say otherwise."""

    window: WindowPart | None = Field(None, description="When secrets may be minted and removed.")
    freeze: list[fields.FreezeDates] = Field(
        default_factory=list,
        description="Dates (UTC) on which nothing is minted or removed; a policy's own dates come on top.",
    )
    audience: fields.Hearing | None = Field(None, description="Who is told, where a policy names nobody.")


class SelectorPart(Section):
    """Which applications: those that match any entry of any list."""

    object_ids: list[fields.Guid] = Field(default_factory=list, description="Object ids of app registrations.")
    client_ids: list[fields.Guid] = Field(default_factory=list, description="Application (client) ids.")
    names: list[fields.Text] = Field(
        default_factory=list, description="Display names; * and ? stand for anything, capitals do not matter."
    )
    tags: list[fields.Text] = Field(default_factory=list, description="Tags, exactly as the directory holds them.")
    owners: list[fields.Folded] = Field(
        default_factory=list, description="Owners by user principal name or mail; capitals do not matter."
    )
    everything: fields.Yes | None = Field(None, description="true: every application.")


class LinePart(TermsPart):
    """One chain of successive secrets of an application, with the places that hold it."""

    name: fields.Name = Field(description="The line's name, in keys and in the vault secret's name.")
    only_for: fields.Guid | None = Field(
        None, alias="for", description="Object id of the one application for which this entry holds."
    )
    destinations: list[fields.Name] = Field(default_factory=list, description="Names of entries of `destinations`.")
    readers: list[fields.Text] = Field(
        default_factory=list, description="Who reads the vault secret itself. Default: the policy's."
    )
    description: fields.Description | None = Field(
        None,
        description="What hand-off forms and display names say. Default `<application> - <line>, managed by Rotation`.",
    )
    secret_name: fields.SecretTemplate | None = Field(
        None, description="Name of the vault secret, made once at enrolment. Default entra-{client_id}-{line}."
    )


class PolicyPart(TermsPart):
    """What to do with the applications that it selects. The more exact selector wins, then the order in the file."""

    name: fields.Name = Field(description="The policy's name; an enrolment keeps it.")
    select: SelectorPart = Field(description="Which applications.")
    mode: fields.ModeWord | None = Field(
        None,
        description="monitor: watch and remind. rotate: rotate the lines that somebody enrolled. ignore: only list. "
        "Default monitor.",
    )
    enrol: fields.EnrolWord | None = Field(
        None,
        description="person: somebody enrols each line. auto: the nightly scan does; needs object or client ids, or "
        "at_most. Default person.",
    )
    at_most: fields.Positive | None = Field(
        None, description="With enrol: auto, more applications than this enrol nothing and raise an alarm."
    )
    lines: list[LinePart] = Field(
        default_factory=list, description="Default: one line `default` with the policy's destinations."
    )
    destinations: list[fields.Name] = Field(
        default_factory=list, description="Of the one line `default`, where there are no `lines`."
    )
    readers: list[fields.Text] = Field(default_factory=list, description="Who reads the vault secrets themselves.")
    description: fields.Description | None = Field(None, description="Of the one line `default`.")
    secret_name: fields.SecretTemplate | None = Field(None, description="Name of the vault secrets of its lines.")
    vault: fields.VaultAddress | None = Field(None, description="Key Vault that holds them. Default: the settings'.")
    window: WindowPart | None = Field(None, description="When secrets may be minted and removed.")
    freeze: list[fields.FreezeDates] = Field(default_factory=list, description="Dates on top of the defaults'.")
    audience: fields.Hearing | None = Field(
        None,
        description="Who is told: an audience; owners (each application's own, by mail); or [owners, an audience], "
        "which hears where an application has no owner with a mail address. Default: the defaults' audience.",
    )
    rungs: list[fields.Rung] | None = Field(
        None, description="How long before its end people are told, for this policy. Default: reminders.rungs."
    )


class DestinationPart(BaseModel):
    """What every destination may say; all other keys belong to its kind."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True, defer_build=True)

    kind: fields.Text = Field(description="Which integration delivers there.")
    connection: fields.Name | None = Field(
        None, description="Name of an entry of `connections`: how to sign in there. Default: our own identity."
    )
    approval: fields.Approval | None = Field(
        None, description="required: a second person says yes before each rotation that it takes part in."
    )
    settles_in: fields.MinutesOrZero | None = Field(
        None, description="How long until everybody behind it uses a new secret. Default: the kind's."
    )
    audience: fields.Name | None = Field(None, description="Who is told about it. Default: the policy's audience.")


class AudiencePart(Section):
    """People who are told together: by mail, in Teams, or both."""

    mail: list[fields.MailAddress] = Field(default_factory=list, description="Mail addresses.")
    teams_secret: fields.VaultSecret | None = Field(
        None, description="Name of the vault secret that holds the address of a Teams workflow."
    )
    zone: fields.Zone | None = Field(
        None, description="Time zone of their dates and quiet hours, such as Europe/Amsterdam. Default UTC."
    )
    quiet_hours: fields.Hours | None = Field(
        None, description='When only what is urgent is sent, such as "19:00-07:00"; the rest waits. Default: never.'
    )
    quiet_days: list[fields.Weekday] = Field(
        default_factory=list, description="Days on which only what is urgent is sent, such as [sat, sun]."
    )


class FirstWeekPart(Section):
    """The smaller limits after the first enrolment. Default 1, 1, 0, for 7d."""

    opened_per_night: fields.Natural | None = Field(None, description="Default 1.")
    open_at_once: fields.Natural | None = Field(None, description="Default 1.")
    removed_per_night: fields.Natural | None = Field(None, description="Default 0.")
    lasts: fields.DaysOrZero | None = Field(None, description="Default 7d.")


class LimitsPart(Section):
    """How much one night may do."""

    opened_per_night: fields.Positive | None = Field(None, description="Rotations opened in one night. Default 25.")
    open_at_once: fields.Positive | None = Field(
        None, description="Rotations under way at once that wait for no person. Default 100."
    )
    removed_per_night: fields.Positive | None = Field(None, description="Secrets removed in one night. Default 50.")
    first_week: FirstWeekPart | None = None


class CanaryPart(Section):
    """The enrolled line of our own that rotates first each night; nothing else opens unless it completes."""

    application: fields.Guid = Field(description="Object id of the application made for it.")
    policy: fields.Name = Field(description="The policy that selects this application, and no other.")
    line: fields.Name = Field("default", description="Its line; with one destination, of kind key-vault.")
    within: fields.Minutes | None = Field(None, description="How long it may take. Default 30m.")


class SmtpPart(Section):
    """A mail server, always over TLS; Azure Communication Services has one too."""

    host: fields.Host = Field(description="Its name, such as smtp.azurecomm.net.")
    port: fields.Port | None = Field(None, description="Default 587 with starttls, 465 with tls.")
    security: fields.SecurityWord | None = Field(
        None, description="starttls: encrypted from the second command on. tls: from the start. Default starttls."
    )
    user: fields.Text | None = Field(None, description="Who signs in there. Default: nobody does.")
    password_secret: fields.VaultSecret | None = Field(
        None, description="Name of the vault secret with that user's password."
    )


class RemindersPart(Section):
    """For whatever rotation will not do by itself."""

    rungs: list[fields.Rung] = Field(
        default_factory=lambda: [60, 30, 14, 7, 3, 1, 0],
        description="How long before its end people are told. Default 60d, 30d, 14d, 7d, 3d, 1d, expired.",
    )
    fallback: fields.Name | None = Field(None, description="The audience for what has no owner and no audience.")
    sender: fields.MailAddress | None = Field(None, description="The mailbox that mails go out from.")
    smtp: SmtpPart | None = Field(
        None, description="The mail server that mails go out through. Default: Microsoft Graph's sendMail."
    )
    escalate_to: fields.Name | None = Field(
        None,
        description="The audience that hears of what nobody took care of: hand-offs past their deadline, and after "
        "escalate_after what stands blocked, waits for approval, or has expired. Default: the fallback.",
    )
    escalate_after: fields.Days | None = Field(
        None, description="How long something may stand before it escalates, and then again each week. Default 3d."
    )


class File(Section):
    """`rotation.yaml`: what is watched, what may be rotated and how, where secrets go, and who is told."""

    defaults: DefaultsPart = Field(default_factory=DefaultsPart)
    policies: list[PolicyPart] = Field(default_factory=list)
    connections: dict[str, ConnectionPart] = Field(
        default_factory=dict, description="How to sign in to the systems that destinations lie in."
    )
    destinations: dict[str, DestinationPart] = Field(default_factory=dict, description="Places that hold secrets.")
    audiences: dict[str, AudiencePart] = Field(default_factory=dict, description="People who are told.")
    limits: LimitsPart = Field(default_factory=LimitsPart)
    reminders: RemindersPart = Field(default_factory=RemindersPart)
    canary: CanaryPart | None = None
