import KubeCore
import Logging

/// The kind that the misbehaving servers have.
struct Thing: KubeObject {
    static let resource = ResourceType(
        group: "example.org",
        version: "v1",
        plural: "things",
        kind: "Thing",
        namespaced: true
    )

    struct Spec: Codable, Hashable, Sendable {
        var size: Int
        var note: String?
    }

    var metadata: ObjectMeta
    var spec: Spec

    init(_ name: String, _ version: Int, size: Int = 1, note: String? = nil) {
        metadata = ObjectMeta(name: name, namespace: "ns", uid: "uid-\(name)", resourceVersion: "\(version)")
        spec = Spec(size: size, note: note)
    }

    static func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "ns", name: name) }

    /// The object as the server writes it.
    var text: String { (try? JSONCoding.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "" }
}

/// Bodies and lines that a server sends.
enum Wire {
    static func list(_ things: [Thing], _ version: Int, continuation: String? = nil) -> String {
        let token = continuation.map { #","continue":"\#($0)""# } ?? ""
        let items = things.map(\.text).joined(separator: ",")
        return #"{"metadata":{"resourceVersion":"\#(version)"\#(token)},"items":[\#(items)]}"#
    }

    static func event(_ type: String, _ thing: Thing) -> String {
        #"{"type":"\#(type)","object":\#(thing.text)}"# + "\n"
    }

    static func bookmark(_ version: Int, isEnd: Bool = false) -> String {
        let mark = isEnd ? #","annotations":{"k8s.io/initial-events-end":"true"}"# : ""
        return #"{"type":"BOOKMARK","object":{"kind":"Thing","metadata":{"resourceVersion":"\#(version)"\#(mark)}}}"#
            + "\n"
    }

    static func error(_ status: String) -> String { #"{"type":"ERROR","object":\#(status)}"# + "\n" }

    static func status(_ code: Int, _ reason: String, _ message: String, details: String? = nil) -> String {
        let details = details.map { #","details":\#($0)"# } ?? ""
        return #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"\#(reason)","code":\#(code),"#
            + #""message":"\#(message)"\#(details)}"#
    }

    static let expired = status(410, "Expired", "too old resource version: 7 (30)")

    /// The beginning of a gzip stream that holds `text` uncompressed, without its end.
    static func gzipBeginning(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        let (low, high) = (UInt8(bytes.count & 0xFF), UInt8(bytes.count >> 8))
        return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 0, low, high, ~low, ~high] + bytes
    }
}

let quiet = Logger(label: "faults") { _ in SwiftLogNoOpLogHandler() }
