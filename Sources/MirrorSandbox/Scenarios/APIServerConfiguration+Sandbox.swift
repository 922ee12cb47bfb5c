import KubeCore
import MirrorAPI

extension APIServerConfiguration {
    /// The embedded server as the sandbox runs it: it refuses what the CEL rules of the CRDs refuse, by the operator's
    /// own checks, which a test holds equal to those rules.
    package static var sandbox: APIServerConfiguration {
        APIServerConfiguration(admission: [
            P2PMirror.resource.kind: { new, old in causes(AdmissionRules.p2pMirror(new: new, old: old)) },
            MirrorNode.resource.kind: { new, old in causes(AdmissionRules.mirrorNode(new: new, old: old)) },
        ])
    }

    private static func causes(_ violations: [FieldViolation]) -> [Status.Cause] {
        violations.map { Status.Cause(reason: "FieldValueInvalid", message: $0.message, field: $0.path) }
    }
}
