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
