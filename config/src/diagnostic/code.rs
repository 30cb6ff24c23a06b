//! Every code that a diagnostic can have, with its documentation: the one table of them.
//!
//! A number is never reused. A code that is no longer given stays in the table.

use std::fmt;

use super::Severity::{self, Error, Warning};

/// What a code says: for `sluice explain`, for the reference, and for the fixtures' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeDoc {
    /// A short name in the words of a path.
    pub slug: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What is wrong.
    pub what: &'static str,
    /// Why that is a fault.
    pub why: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

macro_rules! codes {
    ($($name:ident = $number:literal $severity:ident $slug:literal: $what:literal, $why:literal, $remedy:literal;)+) => {
        /// The number of a fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code {
            $(#[doc = $what] $name = $number,)+
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// What this code means.
            pub const fn doc(self) -> CodeDoc {
                match self {
                    $(Code::$name => CodeDoc {
                        slug: $slug, severity: $severity, what: $what, why: $why, remedy: $remedy,
                    },)+
                }
            }
        }
    };
}

impl Code {
    /// The number alone.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code that is written so (`SLU0012`), if there is one.
    pub fn parse(text: &str) -> Option<Code> {
        Code::ALL
            .iter()
            .copied()
            .find(|code| code.to_string().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SLU{:04}", self.number())
    }
}

codes! {
    Unreadable = 1 Error "unreadable":
        "A file or a directory cannot be read.",
        "The gateway serves only what it has read whole.",
        "Check that the path exists, that the process may read it, and that no symlink leads nowhere.";
    TooLarge = 2 Error "too-large":
        "The directory holds more than a configuration may: 2,000 files, 8 MiB a file, 64 MiB in all, 16 levels.",
        "Bounds keep a wrong directory from being read whole.",
        "Point to the directory that holds `sluice.yaml`, and keep other data elsewhere.";
    NoMainFile = 3 Error "no-main-file":
        "The directory has no `sluice.yaml`.",
        "That file names the listeners and the upstreams; without it nothing can be served.",
        "Write `sluice.yaml`, or point to the directory that holds it.";
    UnusedFile = 4 Warning "unused-file":
        "A YAML file is read by nothing.",
        "A file at the wrong place looks like configuration and does nothing.",
        "Move it to where it is read (`apis/NAME/api.yaml`, `apis/NAME/changes/*.yaml`), name it, or delete it.";
    NotUtf8 = 5 Error "not-utf8":
        "A file is not UTF-8 text.",
        "YAML and JSON are read as UTF-8 only, so that every reader sees the same text.",
        "Save the file as UTF-8.";
    Syntax = 6 Error "syntax":
        "A file is not well-formed YAML.",
        "Nothing after the place can be read with certainty.",
        "Mend the text at the place; tabs cannot indent, and a text with `: ` or ` #` needs quotes.";
    SeveralDocuments = 7 Error "several-documents":
        "A file holds more than one YAML document.",
        "Only one would be read, and nobody could tell which.",
        "Split the file at `---`.";
    DuplicateKey = 8 Error "duplicate-key":
        "A key stands twice in one mapping.",
        "Readers disagree about which of the two counts.",
        "Delete or rename one of them.";
    KeyNotText = 9 Error "key-not-text":
        "A key is empty, a list or a mapping.",
        "Keys are names; JSON, which documents are made of, has no others.",
        "Write the key as text, in quotes if need be.";
    TooDeep = 10 Error "too-deep":
        "Values are nested deeper than 64 levels.",
        "No configuration needs it, and a reader without a bound can be made to fail.",
        "Flatten the file.";
    TooManyNodes = 11 Error "too-many-nodes":
        "A file holds more than 200,000 values, those that aliases repeat included.",
        "A few aliases of aliases can stand for more values than memory holds.",
        "Write fewer aliases, or split the file.";
    UnknownKey = 12 Error "unknown-key":
        "A key is not known at this place.",
        "A key that is not understood would be ignored, and a misspelt setting would never be seen.",
        "Correct the spelling or delete the key.";
    UnsupportedYaml = 13 Error "unsupported-yaml":
        "The file uses a part of YAML that is not read: a tag, a merge key, or an alias without its anchor.",
        "These mean different things to different readers.",
        "Write the value out.";
    MissingKey = 14 Error "missing-key":
        "A key that has no default is missing.",
        "The choice is the writer's; any default would be wrong for somebody.",
        "Add the key.";
    WrongType = 15 Error "wrong-type":
        "A value is of another kind than its place takes.",
        "Converting it silently would guess.",
        "Write a value of the kind that the message names.";
    NotQuoted = 16 Error "not-quoted":
        "A number or a truth value stands where text is expected.",
        "Unquoted, YAML reads `1.10` as the number 1.1, and two versions become one.",
        "Put the value in quotes.";
    NotAChoice = 17 Error "not-a-choice":
        "A value is none of those that its place takes.",
        "Only the listed values have a meaning.",
        "Write one of the listed values.";
    OutOfRange = 18 Error "out-of-range":
        "A number, a list or a mapping is too small or too large.",
        "The gateway could not work with it.",
        "Write a value within the bounds that the message names.";
    FormatVersion = 19 Error "format-version":
        "A file is written in a format version that this program does not read.",
        "Reading a newer or older format as if it were this one would misread it.",
        "Run `sluice convert DIRECTORY` of the release that wrote the newer format, or install that release.";
    EnvironmentMissing = 20 Error "environment-missing":
        "A variable that the file reads is not in the environment.",
        "An empty text in its place would be a silent misconfiguration.",
        "Set the variable, or give it a default: `${NAME:-default}`.";
    EnvironmentSyntax = 21 Error "environment-syntax":
        "A `${` does not begin a well-formed reference to the environment.",
        "It would be passed on as text, which is hardly meant.",
        "Write `${NAME}` or `${NAME:-default}`; write `$${` for the two characters themselves.";
    BadDuration = 22 Error "bad-duration":
        "A duration cannot be read.",
        "A bare number has no unit, and a wrong unit is a wrong timeout.",
        "Write a whole number and a unit: `250ms`, `1s`, `2m`, `1h`.";
    BadSize = 23 Error "bad-size":
        "A size cannot be read.",
        "A bare number has no unit.",
        "Write a whole number and a unit: `512B`, `256KiB`, `1MiB`, `1GiB`.";
    BadAddress = 24 Error "bad-address":
        "An address cannot be read.",
        "A listener needs an IP address and a port, an endpoint a host and a port.",
        "Write `127.0.0.1:8080` or `[::1]:8080`; for endpoints a host name will do: `backend:9100`.";
    AdminNotLoopback = 25 Error "admin-not-loopback":
        "The admin address can be reached from other machines.",
        "Without `admin_access` whoever reaches it can reload and read everything.",
        "Use a loopback address, `127.0.0.1:9901`, or list administrators' keys under `admin_access`.";
    SameAddress = 26 Error "same-address":
        "Two listeners have one address.",
        "The second could not be opened, or would share the first one's connections.",
        "Give each listener its own address.";
    UnknownUpstream = 27 Error "unknown-upstream":
        "An API names an upstream that `sluice.yaml` does not have.",
        "Its requests would have nowhere to go.",
        "Correct the name, or add the upstream to `sluice.yaml`.";
    BadName = 28 Error "bad-name":
        "A name holds characters that it may not, or does not fit its directory.",
        "Names stand in paths, headers, logs and file names.",
        "Use letters, digits, `-`, `_` and `.`; an API is named like its directory.";
    UnusedUpstream = 29 Warning "unused-upstream":
        "An upstream is used by no API.",
        "Most often an API was to use it and names another.",
        "Use it or delete it.";
    DuplicateVersion = 30 Error "duplicate-version":
        "A version is listed twice.",
        "A request for it would have two answers.",
        "Delete one of them.";
    UnknownVersion = 31 Error "unknown-version":
        "A version is named that the API does not list.",
        "Versions are listed once, under `versions`, so that a misspelt one is seen.",
        "Correct the name, or add it to `versions` in `api.yaml`.";
    BadSelector = 32 Error "bad-selector":
        "A way to select a version is not well-formed.",
        "A selector that can never match would leave clients without their version.",
        "Write each entry of `select` with exactly one of path, header, media_type, query and pin.";
    AmbiguousPath = 33 Error "ambiguous-path":
        "Two versions or APIs have the same path prefix on the same host.",
        "A request under it would belong to both.",
        "Give one of them another prefix or other hosts.";
    MissingFile = 34 Error "missing-file":
        "A file that is named does not exist.",
        "What it holds is needed.",
        "Correct the name; it is relative to the API's directory.";
    BadTemplate = 35 Error "bad-template":
        "The body of errors names a slot that does not exist.",
        "It would stand in every error as it is written.",
        "Use {code}, {title}, {status}, {detail} and {pointer}; write {{ and }} for the braces themselves.";
    SameVersion = 36 Error "same-version":
        "A change stands between a version and itself.",
        "A change is what differs between two neighbours.",
        "Write the old version first, then the new one.";
    DuplicateChange = 37 Error "duplicate-change":
        "Two files describe the change between the same two versions.",
        "Only one could be applied.",
        "Put their steps into one file.";
    Cycle = 38 Error "cycle":
        "The changes lead from a version back to itself.",
        "Between two versions of a lineage there is one way; with two, a request could be translated in two ways.",
        "Delete the change that does not belong to the lineage.";
    Unreachable = 39 Error "unreachable":
        "No changes lead from a version to the origin.",
        "Its requests could not be translated for the backend.",
        "Write the missing change, or delete the version.";
    UnknownOperator = 40 Error "unknown-operator":
        "A step names an operator that does not exist.",
        "The step would do nothing.",
        "Correct the name.";
    BadStep = 41 Error "bad-step":
        "A step is not a mapping of one operator to its settings.",
        "Which of several operators comes first would not be told.",
        "Write one list entry for each operator: `- rename: {from: /a, to: /b}`.";
    BadHost = 42 Error "bad-host":
        "A host is not a host name.",
        "It could match no request.",
        "Write the name alone, in lower case, without scheme, port or path.";
    BadPath = 43 Error "bad-path":
        "A path prefix is not in its one form.",
        "Paths are compared in canonical form; another form would never match.",
        "Begin with `/`, end without one, and use no empty, `.` or `..` segment, no query and no escape.";
    NoApis = 44 Warning "no-apis":
        "The directory has no API.",
        "Every request will be answered 404.",
        "Add `apis/NAME/api.yaml`.";
    NotSupported = 45 Error "not-supported":
        "Something is configured that this release cannot do.",
        "Ignoring it would promise what is not kept.",
        "Delete it, or use what the hint names.";
    BadOperation = 46 Error "bad-operation":
        "An operation is not written as a method and a path.",
        "It could match no request.",
        "Write `GET /todos/{id}`.";
    NoDocument = 47 Error "no-document":
        "A change names types or operations, and its API has no document that says where they occur.",
        "Without the origin's document nothing tells which operation carries which type.",
        "Name the origin's OpenAPI document as `document` in `api.yaml`, or name operations under `documents`.";
    EmptyChange = 48 Warning "empty-change":
        "A change has no steps.",
        "Two versions that do not differ need a change only to be neighbours.",
        "Add the steps, or leave it if nothing differs.";
    Backwards = 49 Warning "backwards":
        "A change goes from a higher version number to a lower one.",
        "Steps are written old to new; the other way round they do the opposite.",
        "Write the older version first in `between`.";
    SameSelector = 50 Error "same-selector":
        "Two selectors read the same place of the request.",
        "One would hide the other.",
        "Delete one of them.";
    UnsafeKeep = 51 Warning "unsafe-keep":
        "An upstream is written to without a condition.",
        "Between our read and our write another writer's values can be lost.",
        "Let the backend give an `ETag` and write `keep: read`; or accept the risk.";
    BadPointer = 52 Error "bad-pointer":
        "A text is not a JSON Pointer.",
        "It could lead nowhere.",
        "Write it empty for the whole value, else beginning with `/`; `~0` stands for `~`, `~1` for `/` (RFC 6901).";
    BadSettings = 53 Error "bad-settings":
        "The settings of a step contradict each other or make no operator.",
        "The step could not be taken.",
        "Write the settings as the operator's documentation says.";
    BadDocument = 54 Error "bad-document":
        "The origin's OpenAPI document cannot be read as a contract.",
        "It says which operation carries which type; everything else is computed from it.",
        "Mend the document at the place; OpenAPI 3.0 and 3.1 are read.";
    NoSuchField = 55 Error "no-such-field":
        "A step names a member that the type does not have at that point of the change.",
        "The step would do nothing.",
        "Correct the pointer; steps are read in their order, so an earlier one may have renamed the member.";
    FieldExists = 56 Error "field-exists":
        "A step makes a member that the type has already.",
        "Two values would claim one place.",
        "Choose another name, or take the other member away first.";
    UndeclaredLoss = 57 Error "undeclared-loss":
        "One direction of a step loses something, and the step does not say what is to become of it.",
        "What is lost silently is lost for good.",
        "Declare the loss for create, replace and patch: keep, drop, a default, or reject.";
    NotInvertible = 58 Error "not-invertible":
        "A table of values cannot be read backwards.",
        "A change is written once and taken in both directions.",
        "Give each value one counterpart, or say which one answers for several.";
    WrongKind = 59 Error "wrong-kind":
        "An operator does not fit the kind of value that it is put to.",
        "The step could not be taken.",
        "Correct the pointer, or choose an operator for that kind of value.";
    UnknownType = 60 Error "unknown-type":
        "A type is named that the API does not have.",
        "What is said about it would have no effect.",
        "Correct the name; types are named in the document's `components.schemas`, or by `x-sluice-type`.";
    UnknownOperation = 61 Error "unknown-operation":
        "An operation is named that the API does not have.",
        "The step would do nothing.",
        "Correct the name; operations are named by `operationId`.";
    KeepNeedsRead = 62 Error "keep-needs-read":
        "An upstream keeps by merge patches what a version can only keep by reading.",
        "What is kept there depends on stored values, or the API has no PATCH: the write would lose it.",
        "Write `keep: read`, which reads, puts and writes on condition.";
    NoRequestBody = 63 Warning "no-request-body":
        "A POST, PUT or PATCH of the origin's document does not say what its requests carry.",
        "What has no type is not translated: a body in the words of another version cannot be understood.",
        "Add a `requestBody` with a schema; where there is no body, write `requestBody: {content: {}}`.";
    NoAnswerSchema = 64 Warning "no-answer-schema":
        "An operation of the origin's document does not say what its success carries.",
        "What has no type is not translated: an answer would be in the words of one version for all.",
        "Add a schema to the `content` of the answer; where there is no body, write `content: {}`.";
    UnknownConsumer = 65 Error "unknown-consumer":
        "A consumer is named that consumers.yaml does not have.",
        "What is said of it would have no effect, or would let in somebody else.",
        "Correct the name, or add the consumer to consumers.yaml.";
    UnknownApi = 66 Error "unknown-api":
        "An API is named that is not in the directory.",
        "What is said about it would have no effect.",
        "Correct the name: an API is named like its directory under `apis/`.";
    // 70 to 79: TLS and upstreams.
    BadKeyFile = 70 Error "bad-key-file":
        "A certificate, a private key or a list of authorities cannot be used.",
        "Without it no connection could be secured, or each would be refused.",
        "Give PEM files: the certificate with those between it and its authority, and the key that belongs to it.";
    SameHost = 71 Error "same-host":
        "Two certificates are for the same host, or two are the default.",
        "Which one a client is shown would be left to chance.",
        "Delete one of them, or tell them apart with `hosts`.";

    // 80 to 89: credentials and consumers.
    KeySecretMissing = 80 Error "key-secret-missing":
        "There are keys, and no secret that they are hashed with.",
        "No key could be looked up.",
        "Write `keys: {secret: \"${SLUICE_KEY_SECRET}\"}` in sluice.yaml; it must be the one that the hashes were made with.";
    BadCredential = 81 Error "bad-credential":
        "A credential is not written in its form.",
        "It could never be matched, or would be matched by the wrong one.",
        "Let `sluice key new` and `sluice password hash` write it.";
    SameCredential = 82 Error "same-credential":
        "Two consumers have the same credential, or one has it twice.",
        "A request with it would have two senders.",
        "Give each consumer its own, and write it once.";
    VersionWithoutAuthentication = 83 Error "version-without-authentication":
        "A version is covered by no entry of `authentication`.",
        "Once any version needs a credential, one that needs none must say so.",
        "Add it to an entry, or write an entry for it with `open: true`.";
    UnknownGroup = 84 Error "unknown-group":
        "A group is named that no consumer belongs to.",
        "What is open to it alone would be closed to all.",
        "Correct the name, or add it to the `groups` of a consumer in consumers.yaml.";
    WeakSecret = 85 Error "weak-secret":
        "A secret is too short.",
        "It could be guessed, and with it every key's hash be tried.",
        "Use 16 bytes at least; `openssl rand -base64 32` makes a good one.";

    // 90 to 99: tokens.
    BadUrl = 90 Error "bad-url":
        "The address of a server that the gateway asks or tells cannot be used.",
        "Whoever answers there decides who is let in, or reads what is told: it must be one server, reached over a way that nobody can forge.",
        "Write `https://HOST/PATH`; what else is allowed must be said under `reach`.";

    // 100 to 109: lifecycle and audit.
    BadDate = 100 Error "bad-date":
        "A date is written in a form that is not read.",
        "It would be told to clients, and decide when they are refused.",
        "Write an instant like `2027-06-30T23:59:59Z`, or a day like `2027-06-30`, which begins at midnight UTC.";
    SunsetTooEarly = 101 Error "sunset-too-early":
        "Something goes before it is deprecated.",
        "RFC 8594 has clients told first; a sunset before the deprecation tells them two things.",
        "Correct one of the dates.";
    BadWindow = 102 Error "bad-window":
        "A brownout or a trial is at no time that can come, or two are at once.",
        "It would never rehearse anything, or at another time than meant.",
        "Write `on: first tuesday` with times of day in UTC, or two instants between deprecation and sunset.";
    SameCourse = 103 Error "same-course":
        "Two entries of `lifecycle` say when the same thing goes.",
        "Nobody could tell which one counts.",
        "Let `versions` of one of them leave it out.";
    MemberRequired = 104 Warning "member-required":
        "A member has a sunset in a version that requires it.",
        "Answers without it would break the version's promise, so that they keep it.",
        "Let `versions` leave that version out, or make the member optional.";
    AuditUnwritable = 105 Error "audit-unwritable":
        "The audit log cannot be written.",
        "What must be on record would be lost.",
        "Check that the directory exists and that the process may write the file.";
    UnfitTrial = 106 Error "unfit-trial":
        "A field brownout is of a member that answers cannot do without, or never carry.",
        "An answer without a required member breaks the version's promise; one that is never there is never missed.",
        "Try optional members of answers; let `versions` leave out a version that requires the member.";
    TrialMayErase = 107 Warning "trial-may-erase":
        "A field brownout is of a member of documents that clients replace whole.",
        "A client that writes back what it read deletes a member that the answer lacked.",
        "Let clients write with `If-Match`: no write matches the tag of an answer that lacks a member.";

    // 110 to 119: limits and the store.
    NoStore = 110 Error "no-store":
        "Something is to be shared by all gateways, and no store is configured.",
        "Gateways know of each other only through the store.",
        "Add `store: {redis: \"redis://host:6379\"}` to `sluice.yaml`, or let each gateway count by itself.";
    BadRate = 111 Error "bad-rate":
        "A rate or a quota is not a number and a period.",
        "It could not be held.",
        "Write a rate like `100/s`, `100/m` or `100/h`, a quota like `1000/day` or `100000/month`.";
    LocalQuota = 112 Warning "local-quota":
        "A quota of the calendar is counted in one gateway's memory.",
        "A restart forgets it, and with several gateways each allows it whole.",
        "Write `where: fleet`, so that the store counts it.";

    // 120 to 129: validation and idempotency.
    UnmatchablePattern = 120 Error "unmatchable-pattern":
        "A pattern of the API's document cannot be matched in linear time.",
        "Validation matches texts that clients choose: a pattern that goes back could be made to take hours.",
        "Write the pattern without looking around and without back-references, or leave it out.";

    // 130 to 139: addresses, browsers, fields, bounds.
    DeniedAnyway = 130 Warning "denied-anyway":
        "An address range is allowed that lies within a denied one.",
        "Deny wins: nobody there may ask.",
        "Narrow the denied range, or delete the allowed one.";
    BadOrigin = 131 Error "bad-origin":
        "A site is not written as browsers name it in `Origin`.",
        "Origins are compared letter by letter: the site would be kept out, or another one let in.",
        "Write scheme and host in lower case, and a port only if it is not the scheme's own: `https://app.example`.";
    AnyOriginWithCredentials = 132 Error "any-origin-with-credentials":
        "Every site may read answers with the credentials of the browser's user.",
        "Any page that a user opens could act for that user; browsers refuse it too.",
        "List the sites in `origins`, or delete `credentials`.";
    ReservedField = 133 Error "reserved-field":
        "A header is to be set or taken out that says how a message is read.",
        "Answers would be cut, mixed up, or shown for what they are not.",
        "Delete the line, or use the setting that is made for it.";
    BadField = 134 Error "bad-field":
        "A text is not the name or the value of a header.",
        "It cannot be sent.",
        "Names are letters, digits and `-`; values are one line of ASCII.";

    // 140 to 149: usage figures, traces, logs, messages.
    RetentionOrder = 140 Error "retention-order":
        "Coarser usage figures are kept for a shorter time than finer ones.",
        "A report that looks further back would find less than one of yesterday.",
        "Keep hours at least as long as minutes, and days at least as long as hours.";
    UnwritableFile = 141 Error "unwritable-file":
        "A file that the gateway is to write cannot be written.",
        "What is to be kept would be lost.",
        "Name a file outside of `apis/` that is not YAML, in a directory that exists and that the process may write.";
    CredentialInLog = 142 Error "credential-in-log":
        "The access log is to show something that holds credentials.",
        "Whoever may read the log could act as any consumer.",
        "Delete the entry; the log names the consumer that a credential is of.";
    WrittenSecret = 143 Error "written-secret":
        "A secret stands in the configuration.",
        "Whoever may read the file, its history or its copies has it.",
        "Take it from the environment, `\"${NAME}\"`, or from a file; and change it, since it was written down.";
}
