import KubeCore
import MirrorAPI
import MirrorAPITesting
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Samples for administrators")
struct ManifestSamplesTests {
    private static let folder = CRDFile.root.appending(path: "manifests/samples")

    @Test("Each sample follows the rules, has no unknown field, and says what it is for")
    func samplesAreRight() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path()).sorted()
        #expect(
            names == [
                "dragonfly-enforce.yaml", "dragonfly-observe.yaml", "k3s-enforce.yaml", "rke2-enforce.yaml",
                "rke2-observe.yaml", "rke2-tree.yaml", "spegel-adopt.yaml",
                "spegel-install.yaml",
            ]
        )
        for name in names {
            let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
            #expect(text.hasPrefix("# "), "\(name) begins with what it is for")
            for document in try YAMLCoding.documents(text) {
                #expect(document["apiVersion"] == .string(P2PMirror.resource.apiVersion))
                #expect(AdmissionRules.p2pMirror(new: document) == [], "\(name)")
                #expect(KindSchema.p2pMirror.unknownFields(of: document) == [], "\(name)")
                _ = try JSONCoding.decode(P2PMirror.self, from: document)
            }
        }
    }
}
