//! What is written to agree with another program, against that program: Python's `fnmatch` and a shell.

use std::process::Command;

use wheel_audit::fnmatch::Pattern;
use wheel_audit::shell::shell_word;

/// On random patterns of the characters that matter.
#[test]
fn random_patterns_agree_with_python() {
    let script = "import fnmatch, random\n\
        r = random.Random(7)\n\
        for _ in range(4000):\n\
        \x20   p = ''.join(r.choice('ab]-[!*?^\\\\') for _ in range(r.randrange(8)))\n\
        \x20   t = ''.join(r.choice('ab]-[!^\\\\') for _ in range(r.randrange(5)))\n\
        \x20   print(p + '\\t' + t + '\\t' + str(int(fnmatch.fnmatchcase(t, p))))\n";
    let python = Command::new("python3")
        .args(["-W", "ignore", "-c", script])
        .output();
    let output = python.expect("python3 runs: apt-get install python3");
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), 4000);
    for line in lines.lines() {
        let [pattern, text, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let matched = Pattern::new(pattern).matches(text);
        assert_eq!(matched, expected == "1", "{pattern:?} on {text:?}");
    }
}

#[test]
fn a_shell_reads_quoted_words_back() {
    for text in [
        "--lib-path=/opt/x_y/1.0",
        "",
        "my wheels/a.whl",
        "lib*.so?",
        "$(x) `y`; it's",
        "a\nb\u{202e}7",
        "~root",
        "-",
        "#x",
        "a\\'\t\u{7f}é",
        "{a,b}",
        "!x",
    ] {
        let script = format!("printf %s {}", shell_word(text));
        let bash = Command::new("bash").args(["-c", &script]).output();
        let output = bash.expect("bash runs: apt-get install bash");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{script}");
    }
}
