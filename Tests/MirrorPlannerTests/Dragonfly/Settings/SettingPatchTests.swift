import KubeCore
import Testing

@testable import MirrorPlanner

/// What is found can be mended: by an administrator in Helm's values, by the operator in a dynconfig.
@Suite struct SettingPatchTests {
    private static func scheduler(_ text: String) throws -> [SettingFinding] {
        var review = SettingsReview()
        review.scheduler = try SettingsDocument(.scheduler, text: text)
        return review.findings
    }

    @Test func `a patch names the path in Helm's values and the value`() throws {
        let finding = try #require(
            try Self.scheduler("scheduler: {retryInterval: 3s, retryBackToSourceLimit: 3}").first
        )
        #expect(SettingPatch(finding)?.text() == "set in values.yaml: scheduler.config.scheduler.retryInterval: 2.5s")
    }

    @Test func `a misspelt key keeps its value under the right name, one that nobody reads goes`() throws {
        let findings = try ChartSettings.newest.review().findings
        let patches = findings.compactMap { SettingPatch($0) }
        #expect(
            patches.map { $0.text() } == [
                "set in values.yaml: seedClient.config.gc.policy.distHighThresholdPercent: 80",
                """
                set in values.yaml: client.config.upload.server.requestBufferSize: 1000, and remove \
                client.config.upload.server.requestbufferSize
                """,
                """
                set in values.yaml: seedClient.config.upload.server.requestBufferSize: 50, and remove \
                seedClient.config.upload.server.requestbufferSize
                """,
            ]
        )
        let values = try #require(SettingPatch.values(patches))
        let root = try #require(YAMLCoding.documents(values).first)
        #expect(root[path: "seedClient", "config", "gc", "policy", "distHighThresholdPercent"] == 80)
        #expect(
            root[path: "client", "config", "upload", "server"] == [
                "requestBufferSize": 1000, "requestbufferSize": .null,
            ]
        )
        var review = SettingsReview()
        review.client = try SettingsDocument(.daemon, text: "scheduler: {enableBackToSource: true}")
        let gone = try #require(review.findings.first)
        #expect(SettingPatch(gone)?.text() == "remove from values.yaml: client.config.scheduler.enableBackToSource")
    }

    @Test func `what a template writes itself, and a dynconfig, have no path in values`() throws {
        var review = SettingsReview()
        review.schedulerDynconfig = try SettingsDocument(
            .schedulerDynconfig,
            text: "schedulerClusterConfig: {candidateParentLimit: 30}"
        )
        let patches = review.findings.compactMap { SettingPatch($0) }
        #expect(!patches.isEmpty)
        for patch in patches {
            #expect(patch.helmPath == nil && patch.text().contains("the ConfigMap's dynconfig.yaml of schedulers"))
        }
        #expect(SettingPatch.values(patches) == nil)
        review.schedulerDynconfig = nil
        review.client = try SettingsDocument(.daemon, text: "manager: {addr: \"http://:65003\"}")
        #expect(review.findings.compactMap { SettingPatch($0) } == [])
    }

    /// A wrong value of each rule, mended as its patch has it, is right.
    @Test(arguments: RuleRow.all) func `what a finding wants is no finding itself`(_ row: RuleRow) throws {
        for (value, _) in row.wrong {
            let text = SettingsText.yaml(row.path, value)
            for finding in row.review(try SettingsDocument(row.file, text: text)).findings {
                guard case .value(let wanted) = finding.remedy else { continue }
                let mended = row.review(try SettingsDocument(row.file, text: SettingsText.yaml(finding.path, wanted)))
                #expect(!mended.findings.contains { $0.path == finding.path }, "\(finding): \(wanted)")
            }
        }
    }

    // MARK: Edits

    private static let wishes: [String: JSONValue] = [
        "schedulerClusterConfig.candidateParentLimit": 4, "schedulerClusterConfig.filterParentLimit": 30,
    ]

    @Test func `an edit changes what differs, keeps the rest, and done twice changes nothing`() throws {
        let text = "seedPeerClusterConfig: {loadLimit: 2000}\nschedulerclusterconfig: {FilterParentLimit: \"30\"}\n"
        let edited = try SettingsEdit.edited(.schedulerDynconfig, text: text, Self.wishes)
        let root = try #require(YAMLCoding.documents(edited).first)
        #expect(
            root == [
                "seedPeerClusterConfig": ["loadLimit": 2000],
                "schedulerclusterconfig": ["FilterParentLimit": "30", "candidateParentLimit": 4],
            ]
        )
        #expect(try SettingsEdit.edited(.schedulerDynconfig, text: edited, Self.wishes) == edited)
        #expect(try SettingsEdit.differences(SettingsDocument(.schedulerDynconfig, text: edited), Self.wishes) == [])
    }

    @Test func `an edit leaves secrets in the file, and says nothing of them`() throws {
        let text = "tokens: {password: hunter2}\n"
        let edited = try SettingsEdit.edited(.schedulerDynconfig, text: text, Self.wishes)
        #expect(edited.contains("hunter2"))
        let differences = SettingsEdit.differences(try SettingsDocument(.schedulerDynconfig, text: text), Self.wishes)
        #expect(differences.map(\.path) == Self.wishes.keys.sorted() && !"\(differences)".contains("hunter2"))
    }

    @Test func `a change arrives after the kubelet and the process have looked, by subPath never`() {
        #expect(SettingsEdit.longestDelay(refreshInterval: 60, isSubPath: false) == 150)
        #expect(SettingsEdit.longestDelay(refreshInterval: 60, isSubPath: true) == nil)
    }

    @Test(arguments: ["a: [", "- a"]) func `a text that is no mapping is not edited`(_ text: String) {
        #expect(throws: SettingsFault.self) { try SettingsEdit.edited(.daemonDynconfig, text: text, Self.wishes) }
    }
}
