import KubeCore
import KubeRuntime
import Logging

/// A kind of our own, so that no test depends on the fields of a real one.
struct Widget: KubeObject {
    static let resource = ResourceType(
        group: "example.org",
        version: "v1",
        plural: "widgets",
        kind: "Widget",
        namespaced: true
    )

    struct Spec: Codable, Hashable, Sendable {
        var size: Int
        var note: String?
    }

    var metadata: ObjectMeta
    var spec: Spec

    init(_ name: String, size: Int = 0, version: String? = nil, uid: String? = nil) {
        metadata = ObjectMeta(name: name, namespace: "ns", uid: uid ?? "uid-\(name)", resourceVersion: version)
        spec = Spec(size: size)
    }
}

func widgetKey(_ name: String) -> ObjectKey { ObjectKey(namespace: "ns", name: name) }

let quiet: Logger = {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    logger.logLevel = .critical
    return logger
}()

func json(_ value: some Encodable) -> String {
    (try? JSONCoding.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "unencodable"
}

func listBody(_ widgets: [Widget], version: String, continuation: String? = nil) -> String {
    let token = continuation.map { ",\"continue\":\"\($0)\"" } ?? ""
    let items = widgets.map { json($0) }.joined(separator: ",")
    return "{\"metadata\":{\"resourceVersion\":\"\(version)\"\(token)},\"items\":[\(items)]}"
}

func eventLine(_ type: String, _ widget: Widget) -> String {
    "{\"type\":\"\(type)\",\"object\":\(json(widget))}\n"
}

func bookmarkLine(_ version: String) -> String {
    "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Widget\",\"metadata\":{\"resourceVersion\":\"\(version)\"}}}\n"
}

let goneBody = #"{"kind":"Status","status":"Failure","reason":"Expired","code":410,"message":"too old"}"#
let gone = KubeError(.status, "410", status: Status(code: 410, reason: "Expired", message: "too old"))
let refused = KubeError(.connection, "10.0.0.1:6443: connection refused")

extension WatcherConfiguration {
    /// As for a server without streaming lists.
    static var paged: WatcherConfiguration {
        var configuration = WatcherConfiguration()
        configuration.streamingLists = false
        return configuration
    }
}

/// The bookmark that ends the initial events of a streaming list.
func endLine(_ version: String) -> String {
    let metadata = "{\"resourceVersion\":\"\(version)\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}"
    return "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Widget\",\"metadata\":\(metadata)}}\n"
}
