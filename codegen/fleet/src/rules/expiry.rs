//! What depends on the day: entries of `scan.ignore` that expire, and days that are not over yet.

use fleetgen_problem::{Code, Problem, Severity};

use super::Problems;
use crate::draft::Draft;
use crate::field::Field;
use crate::scalar::{ProgramPath, VendorImage, VulnerabilityId};

/// How long before an entry expires it is worth a warning, in days.
const WARN_DAYS: i64 = 14;

/// Entries of `scan.ignore` have not expired.
pub(super) fn scan(draft: &Draft<'_>, problems: &mut Problems) {
    let Some(today) = draft.context.today else { return };
    for (_, written, _) in draft.layers() {
        let scan = written.scan.as_ref().and_then(Field::get);
        let ignored = scan.and_then(|scan| scan.ignore.as_ref()).and_then(Field::get).into_iter().flatten();
        for entry in ignored.filter_map(Field::get) {
            let id = entry.id.as_ref().and_then(Field::get).map(VulnerabilityId::as_str);
            let program = entry.program.as_ref().and_then(Field::get).map(ProgramPath::as_str);
            let (Some(id), Some(until)) = (id.or(program), entry.until.get()) else { continue };
            let (message, severity) = match today.days_until(until) {
                ..0 => (format!("the `scan.ignore` entry for {id} expired after {until}"), draft.context.expired),
                0 => (format!("the `scan.ignore` entry for {id} expires today"), Severity::Warning),
                1 => (format!("the `scan.ignore` entry for {id} expires tomorrow"), Severity::Warning),
                days @ 2..=WARN_DAYS => {
                    (format!("the `scan.ignore` entry for {id} expires in {days} days"), Severity::Warning)
                }
                _ => continue,
            };
            problems.push(
                Problem::new(Code::Scan, entry.until.span, message)
                    .severity(severity)
                    .label(format!("today is {today}"))
                    .hint("if there is a fix, remove the entry; otherwise review the reason and set a later date"),
            );
        }
    }
}

/// The day of the updates is over, and no earlier than the vendor's image: packages are never downgraded.
pub(super) fn updates(draft: &Draft<'_>, problems: &mut Problems) {
    for (_, written, layer) in draft.layers() {
        let Some((field, day)) = written.updates_until.as_ref().and_then(|field| Some((field, field.get()?))) else {
            continue;
        };
        let today = draft.context.today.filter(|today| day >= *today && layer.mirror.is_none());
        if let Some(today) = today {
            problems.push(
                Problem::new(
                    Code::InvalidValue,
                    field.span,
                    "this day is not over, so the archive at its end does not exist yet",
                )
                .label(format!("today is {today}"))
                .hint("use an earlier day"),
            );
        }
        let Some(source) = written.source.as_ref().and_then(Field::get) else { continue };
        let images = [source.aws.as_ref(), source.gcp.as_ref()].into_iter().flatten().filter_map(Field::get);
        for image in images.flat_map(|images| [images.amd64.as_ref(), images.arm64.as_ref()]).flatten() {
            let Some(built) = image.get().and_then(VendorImage::date).filter(|built| day < built) else { continue };
            problems.push(
                Problem::new(
                    Code::InvalidValue,
                    field.span,
                    format!(
                        "this day is before {built}, when the vendor's image was built: packages would be downgraded"
                    ),
                )
                .label(format!("must not be before {built}"))
                .related(image.span, "the image")
                .hint("use a later day, or an older image"),
            );
        }
    }
}
