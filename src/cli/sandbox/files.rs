//! Files and TCP ports that can be opened by name: those of the plan alone. Landlock's part.

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, Scope, make_bitflags, path_beneath_rules,
};

use super::{Part, Report, Sandbox, State};

/// What is asked for; of an older Landlock, what it has. A newer one is asked for no more, because nobody has seen
/// what its new rights would refuse.
const ASKED: ABI = ABI::V6;

/// The Landlock from which on a part is complete: with truncation, TCP ports, and scopes.
const COMPLETE: [(Part, ABI); 3] = [(Part::Files, ABI::V3), (Part::Tcp, ABI::V4), (Part::Processes, ABI::V6)];

const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});

/// To give a file another name, it has to be made there and removed here.
const WRITE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{WriteFile | Truncate | MakeReg | RemoveFile});

/// What is open stays open and keeps its rights.
pub(super) fn restrict(plan: &Sandbox, report: &mut Report) {
    match enforce(plan) {
        Ok(status) => report.extend(COMPLETE.map(|(part, least)| (part, state(&status, least)))),
        Err(error) => {
            let lacking = || State::Lacking(error.to_string());
            report.extend(COMPLETE.map(|(part, _)| (part, lacking())));
        }
    }
}

fn enforce(plan: &Sandbox) -> Result<LandlockStatus, RulesetError> {
    let scopes = if plan.runs_a_command { Scope::AbstractUnixSocket.into() } else { Scope::from_all(ASKED) };
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(ASKED))?
        .handle_access(AccessNet::from_all(ASKED))?
        .scope(scopes)?
        .create()?
        .add_rules(path_beneath_rules(&plan.may_read, READ))?
        .add_rules(path_beneath_rules(&plan.may_write_below, WRITE))?
        .restrict_self()?;
    Ok(status.landlock)
}

fn state(status: &LandlockStatus, least: ABI) -> State {
    State::Lacking(match status {
        LandlockStatus::Available { effective_abi, .. } if *effective_abi >= least => return State::Held,
        LandlockStatus::Available { effective_abi, .. } => {
            let (has, needs) = (*effective_abi as i32, least as i32);
            format!("the kernel has Landlock {has}, this needs {needs}")
        }
        LandlockStatus::NotEnabled => "Landlock was not enabled when the system started".into(),
        LandlockStatus::NotImplemented => "the kernel has no Landlock".into(),
    })
}
