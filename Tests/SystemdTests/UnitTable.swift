import Foundation

/// `docs/units.md`, made from what the rows came to.
enum UnitTable {
    static let file = URL(filePath: Site.checkout).appending(path: "docs/units.md")

    static func document(_ rows: [(UnitTrouble, Trial.Outcome)]) -> String {
        """
        # Units that misbehave, and what the agent makes of them

        Each row is a test: a host of Debian's packages with a real systemd as its first process, the agent in a
        container as the manifests describe it, and a stand-in for RKE2's server that reads the real files under a unit
        like upstream's. One step is approved, a change of `server:` with 15 seconds for the service. A test makes this
        page from what really happened (`RECORD_TABLE=1 hack/systemd` writes it anew). How often the service was
        started includes the host's first boot, and leaves out starts that failed or waited.

        Neither SELinux nor AppArmor was in force on the kernels that it was made on; hack/systemd says what is on
        yours. A container that is not privileged has no filter of system calls here, which a real one has.

        | Trouble | Expected | Happened |
        |---|---|---|
        \(rows.map { line([$0.name, $0.expected, $1.text]) }.joined(separator: "\n"))

        """
    }

    private static func line(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|").replacing("\n", with: " ") }.joined(separator: " | ") + " |"
    }
}
