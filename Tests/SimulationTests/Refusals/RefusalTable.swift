import Foundation
import KubeCore
import MirrorAPI

/// `docs/refusals.md`, made from what the rows came to.
enum RefusalTable {
    static let file = Definitions.checkout.appending(path: "docs/refusals.md")

    static func document(
        _ specifications: [(BadSpecification, RefusalResult)],
        _ fleets: [(OddFleet, RefusalResult)]
    ) -> String {
        """
        # What is refused, and what is left alone

        What p2pmirror does with specifications that are wrong and with fleets that are odd. A test makes this page from
        what an API server, the operator and the agents really did (`RECORD_TABLE=1 swift test --filter RefusalTests`
        writes it anew), so it is true for this release.

        ## Specifications

        With the definitions of `crds/` an API server refuses each of them. Where one gets by, the operator refuses it
        by the same rules and says so in a condition: *no CEL* are API servers before 1.25, with `crds/without-cel`;
        *no schema* are definitions of another release. In no row anything was touched: no file, no service, no Node,
        no Lease, and no approval given.

        | Specification | The API server says | Where it gets by | The operator says |
        |---|---|---|---|
        \(specifications.map(row).joined(separator: "\n"))

        ## Fleets

        Each mirror has `provider: RKE2` and `mode: Enforce` beside what is named. Without another word the fleet is a
        ring of three RKE2 servers of version v1.32.3 with the embedded registry on: server-1 asks server-3, that one
        server-2, and that one server-1. *Touched* are the servers that got our file and one restart; of all others no
        file, no Node and no service changed.

        | Fleet | The mirror says beside that | What it comes to | Touched |
        |---|---|---|---|
        \(fleets.map(row).joined(separator: "\n"))

        """
    }

    private static func row(_ row: BadSpecification, _ result: RefusalResult) -> String {
        let by =
            switch result.letThroughBy {
            case .withoutCEL: "no CEL"
            case .unchecked: "no schema"
            default: "nowhere"
            }
        let causes = (result.refusal?.causes ?? []).map { cause in
            // A pattern is long, and says less than the operator's sentence beside it.
            let message = (cause.message ?? "").replacing(#/match '[^']*'/#, with: "match '...'")
            return "`\(cause.field ?? "")`: \(message)"
        }
        let said = result.condition(row.condition.type).map(text) ?? ""
        let shown = "`\(row.shown ?? row.spec)`" + (row.before.map { " after `\($0)`" } ?? "")
        let input = row.mirrorName == SimulatedCluster.mirror ? shown : "named `\(row.mirrorName)`"
        return line([capitalized(row.name) + ": " + input, causes.joined(separator: "; "), by, said])
    }

    private static func row(_ row: OddFleet, _ result: RefusalResult) -> String {
        let said = row.expected.compactMap { result.condition($0.type) }.map(text)
        let end =
            row.expected.isEmpty
            ? [
                "The agent ends what it has begun; the Lease stays with `\(result.holder)` until another mirror "
                    + "finds that server Ready"
            ] : said
        let specs = row.specs.map { $0 == "{}" ? "nothing" : "`\($0)`" }.joined(separator: "; a second one: ")
        let touched = result.touched.keys.sorted()
        return line([
            capitalized(row.name), specs, end.joined(separator: "<br>"),
            touched.isEmpty ? "nothing" : touched.joined(separator: ", "),
        ])
    }

    private static func text(_ condition: Condition) -> String {
        "**\(condition.type)=\(condition.status.rawValue), \(condition.reason)**: \(condition.message)"
    }

    private static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    private static func line(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ") + " |"
    }

    /// One line for each row, for the log of the tests.
    static func brief(_ name: String, _ condition: Condition?, _ result: RefusalResult) -> String {
        let refusal = result.refusal.map { "\($0.code) " } ?? ""
        let touched = result.touched.keys.sorted().joined(separator: ",")
        let said = condition.map { "\($0.type)=\($0.status.rawValue) \($0.reason)" } ?? "-"
        return "  \(name): \(refusal)\(said); touched: \(touched.isEmpty ? "nothing" : touched)"
    }
}
