import Foundation
import KubeCore
import MirrorAPI
import Testing

@testable import MirrorCommands

@Suite("validate")
struct ValidateTests {
    private static func verdicts(_ text: String) throws -> [String] {
        try ValidateCommand.verdicts(on: Array(text.utf8)).map { "\($0.isFault ? "fault" : "right"): \($0.text)" }
    }

    private static let mirror = """
        apiVersion: p2pmirror.io/v1alpha1
        kind: P2PMirror
        metadata: {name: embedded}
        """

    @Test("A file without an object is not right", arguments: ["", "\n\n", "# nothing\n", "---\n", "---\n---\n"])
    func empty(text: String) throws {
        #expect(try Self.verdicts(text) == ["fault: holds no object"])
    }

    @Test("A field that is not known is named with the nearest one that is")
    func unknownFields() throws {
        let text = """
            \(Self.mirror)
            spec:
              provider: RKE2
              rolout: {maxUnavailable: 1}
              topology: {colour: red, preferedRoots: [a]}
            statu: {}
            """
        #expect(
            try Self.verdicts(text) == [
                "fault: P2PMirror embedded: statu: no such field, an API server drops it; did you mean status?",
                "fault: P2PMirror embedded: spec.rolout: no such field, an API server drops it; "
                    + "did you mean spec.rollout?",
                "fault: P2PMirror embedded: spec.topology.colour: no such field, an API server drops it",
                "fault: P2PMirror embedded: spec.topology.preferedRoots: no such field, an API server drops it; "
                    + "did you mean spec.topology.preferredRoots?",
            ]
        )
    }

    @Test("What is no file, or can't be read, is named with its reason, and is no end")
    func files() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "validate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = { (name: String) in directory.appending(path: name).path() }
        #expect(mkfifo(path("pipe"), 0o600) == 0)
        symlink("loop", path("loop"))
        symlink("/dev/zero", path("device"))
        try Data().write(to: directory.appending(path: "large"))
        truncate(path("large"), 17 << 20)
        try Data("a: [".utf8).write(to: directory.appending(path: "broken"))
        let expected = [
            ("pipe", " can't be read: there was no end of it within 0.5 seconds; a pipe needs somebody who writes"),
            ("loop", " cannot be read: Too many levels of symbolic links"),
            ("device", " cannot be read: it is a device and no file"), ("large", " is longer than 16777216 bytes"),
            ("absent", ": there is no such file"), ("", " cannot be read: Is a directory"),
            ("broken", ": line 2, column 1: "),
        ]
        for (name, says) in expected {
            let verdicts = ValidateCommand.verdicts(on: path(name), patience: .milliseconds(500))
            #expect(verdicts.map(\.isFault) == [true])
            #expect(verdicts.first?.text.hasPrefix("\(path(name))\(says)") == true, "\(verdicts)")
        }
    }

    @Test("An object that is right is said to be")
    func right() throws {
        #expect(try Self.verdicts("\(Self.mirror)\nspec: {provider: RKE2}\n") == ["right: P2PMirror embedded: valid"])
    }
}

@Suite("The descriptors of a process")
struct DescriptorTests {
    @Test("A limit that can be raised is; one that can't be is a sentence")
    func shortage() {
        #expect(Descriptors.shortage() == nil)
    }
}
