//! `audit tree`.

use std::io;

use wheel_audit::report::{Judgement, tree};
use wheel_audit::{Audit, AuditOptions, Error, Host, Input, OpenOptions, audit_input};

use crate::Status;
use crate::args::inputs::{Opened, Source, sources};
use crate::args::{TreeArgs, TreeFormat};
use crate::common::{audit_options, guarded, host_options, is_plat, name, policies, status};
use crate::terminal::Terminal;

pub(crate) fn run(args: &TreeArgs, terminal: &Terminal) -> io::Result<Status> {
    let format = if args.json {
        TreeFormat::Json
    } else {
        args.format
    };
    let Some(policies) = policies(&args.search.policy, terminal) else {
        return Ok(Status::Usage);
    };
    if !is_plat(args.plat.as_deref(), &policies, terminal) {
        return Ok(Status::Usage);
    }
    let options = AuditOptions {
        policies,
        ..audit_options(&args.search, &args.config, args.plat.as_deref())
    };
    let host = Host::new(host_options(&args.search));
    let mut worst = Status::Done;
    let sources = sources(&args.paths);
    for (index, source) in sources.iter().enumerate() {
        let rendered = guarded(source.path(), || {
            let (opened, audit) = judge(source, &host, &options)?;
            render(&opened.input(), &audit, args, format, terminal)
        });
        match rendered {
            Ok(text) => {
                if index > 0 && format == TreeFormat::Text {
                    terminal.data("\n")?;
                }
                terminal.data(&text)?;
            }
            Err(error) => {
                let name = name(source.path());
                terminal.error(&name, &error);
                if format == TreeFormat::Json {
                    terminal.data(&format!("{}\n", tree::json::refused(source.path(), &error)))?;
                }
                worst = worst.max(status(&error));
            }
        }
    }
    Ok(worst)
}

fn judge(source: &Source, host: &Host, options: &AuditOptions) -> Result<(Opened, Audit), Error> {
    let open = OpenOptions {
        verify: false,
        fix_record: true,
        keep_elf_bytes: 0,
    };
    let opened = source.open(&open)?;
    let audit = audit_input(&opened.input(), host, options)?;
    Ok((opened, audit))
}

fn render(
    input: &Input<'_>,
    audit: &Audit,
    args: &TreeArgs,
    format: TreeFormat,
    terminal: &Terminal,
) -> Result<String, Error> {
    let judgement = Judgement {
        input,
        audit,
        findings: &[],
    };
    let mut made = tree::Tree::for_plat(&judgement, args.plat.as_deref())?;
    if let Some(library) = &args.why {
        made = made.with_why(library);
    }
    let all = terminal.verbose() > 0;
    Ok(match format {
        TreeFormat::Text => tree::text::render(&made, terminal.layout()),
        TreeFormat::Json => format!("{}\n", tree::json::render(&made, &judgement)),
        TreeFormat::Dot => tree::dot::render(&made, all),
        TreeFormat::Mermaid => tree::mermaid::render(&made, all),
    })
}
