/// The tables of `docs/dragonfly-settings.md`, made from what checks the settings.
package enum SettingsTable {
    package static var markdown: String {
        (SettingsFile.allCases.map { section($0) } + [relations, gates, defects]).joined(separator: "\n")
    }

    private static func section(_ file: SettingsFile) -> String {
        let rows = (SettingRule.byFile[file] ?? []).map { rule in
            [
                "`\(rule.path)`", rule.type.word(isGo: file.isGo), rule.bound, code(rule), rule.chart, rule.effect,
                found(rule),
            ]
        }
        let head = ["key", "type", "refused by the code", "default", "the chart sets", "a wrong value", "found"]
        let effect = file.isReloaded ? "Read again while the process runs." : "Read once: a change needs a restart."
        return """
            ## \(file.title)

            \(effect) \(reading(file))

            \(table(head, rows))
            """
    }

    private static func reading(_ file: SettingsFile) -> String {
        switch file {
        case .scheduler:
            """
            Keys in any case; durations as Go writes them (`90s`, `720h`, no days); a bare number is nanoseconds; a \
            value of another type ends the process.
            """
        case .daemon:
            """
            Keys as they are written here; durations as `900s`, `1h 30m`, `30days`, sizes as `50GB`, `100GiB`; a bare \
            number as a duration, or a value of another type, ends the process.
            """
        case .schedulerDynconfig:
            """
            Without a manager (server from 2.5.1). A file that can't be read means the defaults at run time, and ends \
            a scheduler that starts.
            """
        case .daemonDynconfig:
            """
            Without a manager (client from 1.4.3). A file that can't be read leaves the old addresses at run time, and \
            ends a daemon that starts.
            """
        }
    }

    private static func code(_ rule: SettingRule) -> String {
        rule.earlierDefault.map { "\(rule.codeDefault) (\($0.value) before \($0.before))" } ?? rule.codeDefault
    }

    /// A value of a wrong type is found in each row.
    private static func found(_ rule: SettingRule) -> String {
        let severities = SettingSeverity.allCases.reversed().compactMap { severity -> String? in
            let checks = rule.checks.filter { $0.severity == severity }
            guard !checks.isEmpty else { return nil }
            let conditions = checks.map { check in
                check.condition.text(rule.type) + (check.owner.map { " (\($0.plural))" } ?? "")
            }
            return "\(severity.word): \(conditions.joined(separator: ", "))"
        }
        return severities.isEmpty ? "with others, below" : severities.joined(separator: "; ")
    }

    private static var relations: String {
        let rows = SettingRelation.allCases.map { relation in
            [relation.row.keys, relation.row.rule, relation.row.effect]
        }
        return """
            ## Several together

            \(table(["settings", "what must hold", "otherwise"], rows))
            """
    }

    private static var gates: String {
        let rows = DragonflyGate.allCases.map { gate in
            [gate.title, gate.server?.description ?? "any", gate.client?.description ?? "any"]
        }
        return """
            ## From which release on

            \(table(["what", "server", "client"], rows))
            """
    }

    private static var defects: String {
        let rows = DragonflyDefect.allCases.map { defect in
            [
                defect.title, defect.isOfServer ? "server" : "client",
                "\(defect.versions.lowerBound) to \(defect.versions.upperBound)",
            ]
        }
        return """
            ## What is wrong up to some release

            Of later ones nothing is known here, so it is counted on.

            \(table(["what", "of", "releases"], rows))
            """
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        let lines = [head, head.map { _ in "---" }] + rows
        return lines.map { cells in
            "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        }.joined()
    }
}

extension String {
    fileprivate func replacing(_ letter: Character, with text: String) -> String {
        reduce(into: "") { result, next in next == letter ? result += text : result.append(next) }
    }
}
