package import KubeCore

/// The API server as a value: requests in, answers out, no clock, no socket, no thread.
package struct APIServerState: Sendable {
    /// What a request leads to.
    package enum Reply: Sendable {
        /// A whole answer.
        case answer(KubeResponse)
        /// A stream of events.
        case watch(APIWatch)
    }

    var store: Store
    var resources: [APIResource.ID: APIResource] = [:]
    var generator: SeededGenerator
    /// Users by the tokens that were given out.
    var tokens: [String: APIUser] = [:]
    /// What users have asked to do in the request at hand, and whether they may.
    var accesses: [(APIUser, APIAccess, Bool)] = []
    /// The time of the request at hand.
    var now: MicroTimestamp
    let streamingLists: Bool

    /// Creates a server with its built-in kinds and the namespaces `default` and `kube-system`.
    package init(_ configuration: APIServerConfiguration) {
        store = Store(historyLimit: configuration.historyLimit)
        generator = SeededGenerator(seed: configuration.seed)
        streamingLists = configuration.streamingLists
        now = configuration.now()
        for resource in APIResource.builtIn { resources[resource.id] = resource }
        let created = now.timestamp.description
        for name in ["default", "kube-system"] {
            var namespace = APIResource.namespaces.traits.defaults
            namespace["apiVersion"] = "v1"
            namespace["kind"] = "Namespace"
            namespace["metadata"] = [
                "name": .string(name), "uid": .string(generator.uuid()), "creationTimestamp": .string(created),
                "labels": ["kubernetes.io/metadata.name": .string(name)],
            ]
            store.write("namespaces", ObjectKey(name: name), namespace)
        }
    }

    /// The revision of the newest change.
    package var revision: UInt64 { store.revision }

    /// Forgets the history: watches and continuations from before now get 410.
    package mutating func compact() { store.compact() }

    /// Carries a request out.
    ///
    /// - Parameters:
    ///   - agent: the client's name from its User-Agent; it is the field manager where none is given.
    ///   - token: of the service account that asks; without one it is the administrator.
    ///   - now: the time that goes into objects.
    package mutating func handle(
        _ request: KubeRequest,
        agent: String = "unknown",
        token: String? = nil,
        now: MicroTimestamp
    ) -> Reply {
        self.now = now
        do throws(APIError) {
            let user = try token.map { token throws(APIError) in try self.user(token: token) }
            if let access = APIAccess(request) {
                try authorize(user, access)
                if access.resource == "serviceaccounts/token", access.verb == "create" {
                    return .answer(try createToken(request, access))
                }
            }
            if let response = try discovery(request) { return .answer(response) }
            if let response = try openAPI(request) { return .answer(response) }
            let target = try target(request.path)
            let context = RequestContext(request: request, target: target, agent: agent, user: user, now: now)
            switch (request.method, target.name) {
            case (.get, nil):
                guard try !request.flag("watch") else { return .watch(try openWatch(context)) }
                return .answer(try list(context))
            case (.get, let name?): return .answer(try get(context, name))
            case (.post, nil): return .answer(try create(context))
            case (.put, let name?): return .answer(try replace(context, name))
            case (.patch, let name?): return .answer(try patch(context, name))
            case (.delete, let name?): return .answer(try delete(context, name))
            default: throw .methodNotAllowed
            }
        } catch {
            return .answer(Self.response(error))
        }
    }

    static func response(_ error: APIError) -> KubeResponse {
        guard !error.isPlain else {
            let headers = ["content-type": "text/plain; charset=utf-8"]
            return KubeResponse(status: error.code, headers: headers, body: Array(error.message.utf8))
        }
        var response = KubeResponse(status: error.code, headers: ["content-type": "application/json"])
        if let seconds = error.details?["retryAfterSeconds"]?.intValue {
            response.headers["retry-after"] = String(seconds)
        }
        response.body = error.status.bytes
        return response
    }
}

/// A request together with what it leads to.
struct RequestContext: Sendable {
    var request: KubeRequest
    var target: APITarget
    var agent: String
    /// Who asks; nil for the administrator.
    var user: APIUser?
    var now: MicroTimestamp
    /// Fields that the schema does not know, for the Warning header.
    var warnings: [String] = []

    init(request: KubeRequest, target: APITarget, agent: String, user: APIUser?, now: MicroTimestamp) {
        self.request = request
        self.target = target
        self.agent = agent
        self.user = user
        self.now = now
    }

    /// Who writes: the field manager that is named, else the client's name.
    var manager: String {
        let named = request.query("fieldManager") ?? ""
        return named.isEmpty ? agent : named
    }

    var isDryRun: Bool { request.query("dryRun") == "All" }

    /// Checks the parameters that all writes share.
    func checkWriteOptions() throws(APIError) {
        if let value = request.query("dryRun"), value != "All" {
            throw .badRequest("dryRun: Unsupported value: \"\(value)\": supported values: \"All\"")
        }
        if let value = request.query("fieldValidation"), !["", "Ignore", "Warn", "Strict"].contains(value) {
            throw .badRequest(
                "fieldValidation: Unsupported value: \"\(value)\": supported values: \"\", \"Ignore\", \"Strict\", "
                    + "\"Warn\""
            )
        }
        if let manager = request.query("fieldManager"), manager.utf8.count > 128 {
            throw .badRequest("fieldManager: Too long: may not be more than 128 bytes")
        }
    }

    /// Takes note of fields that were dropped, as `fieldValidation` wants it.
    mutating func report(unknown fields: [String]) throws(APIError) {
        guard !fields.isEmpty else { return }
        let texts = fields.map { "unknown field \"\($0)\"" }
        switch request.query("fieldValidation") {
        case "Strict"?: throw .badRequest("strict decoding error: \(texts.joined(separator: ", "))")
        case "Ignore"?: return
        default: warnings += texts
        }
    }
}

extension KubeRequest {
    /// A boolean parameter.
    func flag(_ name: String) throws(APIError) -> Bool {
        switch query(name) {
        case nil, "", "false", "0": return false
        case "true", "1": return true
        case let other?: throw .badRequest("\(name): Invalid value: \"\(other)\": must be true or false")
        }
    }

    /// A parameter that is a number.
    func number(_ name: String) throws(APIError) -> Int? {
        guard let text = query(name), !text.isEmpty else { return nil }
        guard let value = Int(text), value >= 0 else {
            throw .badRequest("\(name): Invalid value: \"\(text)\": must be a number that is not negative")
        }
        return value
    }
}
