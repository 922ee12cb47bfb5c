import CYAML

/// The emitter of libyaml, writing into memory of ours.
struct YAMLWriter: ~Copyable {
    private final class Output {
        var bytes: [UInt8] = []
    }

    private let emitter: UnsafeMutablePointer<yaml_emitter_t>
    private let output = Output()

    init(width: Int?) throws(KubeError) {
        let emitter = UnsafeMutablePointer<yaml_emitter_t>.allocate(capacity: 1)
        guard yaml_emitter_initialize(emitter) == 1 else {
            emitter.deallocate()
            throw KubeError(.encoding, "no memory for a YAML emitter")
        }
        self.emitter = emitter
        // The emitter uses the address only while this value is alive, which holds the object.
        yaml_emitter_set_output(
            emitter,
            { context, bytes, count in
                guard let context, let bytes else { return 0 }
                let output = Unmanaged<Output>.fromOpaque(context).takeUnretainedValue()
                output.bytes += UnsafeBufferPointer(start: bytes, count: count)
                return 1
            },
            Unmanaged.passUnretained(output).toOpaque()
        )
        yaml_emitter_set_unicode(emitter, 1)
        yaml_emitter_set_width(emitter, width.flatMap { Int32(exactly: $0) } ?? -1)
    }

    deinit {
        yaml_emitter_delete(emitter)
        emitter.deallocate()
    }

    /// Begins the stream; comes before everything else.
    func start() throws(KubeError) {
        try emit { yaml_stream_start_event_initialize(&$0, YAML_UTF8_ENCODING) }
    }

    /// Writes one document, with `---` before it where `marked`.
    func write(document: JSONValue, marked: Bool) throws(KubeError) {
        try emit { yaml_document_start_event_initialize(&$0, nil, nil, nil, marked ? 0 : 1) }
        try write(document)
        try emit { yaml_document_end_event_initialize(&$0, 1) }
    }

    /// Ends the stream and returns its text.
    consuming func finish() throws(KubeError) -> String {
        try emit { yaml_stream_end_event_initialize(&$0) }
        return String(decoding: output.bytes, as: UTF8.self)
    }

    private func write(_ value: JSONValue) throws(KubeError) {
        switch value {
        case .null: try write(plain: "null")
        case .bool(let flag): try write(plain: flag ? "true" : "false")
        case .int(let number): try write(plain: String(number))
        case .double(let number):
            guard number.isFinite else { throw KubeError(.encoding, "\(number) is no number of JSON") }
            try write(plain: String(number))
        case .string(let text): try write(text, isKey: false)
        case .array(let elements):
            let style = elements.isEmpty ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE
            try emit { yaml_sequence_start_event_initialize(&$0, nil, nil, 1, style) }
            for element in elements { try write(element) }
            try emit { yaml_sequence_end_event_initialize(&$0) }
        case .object(let members):
            let style = members.isEmpty ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE
            try emit { yaml_mapping_start_event_initialize(&$0, nil, nil, 1, style) }
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                try write(key, isKey: true)
                try write(member)
            }
            try emit { yaml_mapping_end_event_initialize(&$0) }
        }
    }

    private func write(plain text: String) throws(KubeError) {
        try write(text, YAML_PLAIN_SCALAR_STYLE)
    }

    private func write(_ text: String, isKey: Bool) throws(KubeError) {
        switch YAMLScalar.style(of: text, isKey: isKey) {
        case .plain: try write(text, YAML_PLAIN_SCALAR_STYLE)
        case .doubleQuoted: try write(text, YAML_DOUBLE_QUOTED_SCALAR_STYLE)
        case .literal: try write(text, YAML_LITERAL_SCALAR_STYLE)
        }
    }

    private func write(_ text: String, _ style: yaml_scalar_style_t) throws(KubeError) {
        // A zero at the end: the address of an empty array may be null, which libyaml does not accept.
        let bytes = Array(text.utf8) + [0]
        guard let count = Int32(exactly: bytes.count - 1) else { throw KubeError(.encoding, "a text is too long") }
        try emit { yaml_scalar_event_initialize(&$0, nil, nil, bytes, count, 1, 1, style) }
    }

    /// Makes an event and hands it to the emitter, which frees it whatever happens.
    private func emit(_ make: (inout yaml_event_t) -> Int32) throws(KubeError) {
        var event = yaml_event_t()
        guard make(&event) == 1, yaml_emitter_emit(emitter, &event) == 1 else {
            let problem = emitter.pointee.problem.map { String(cString: $0) } ?? "no memory"
            throw KubeError(.encoding, "YAML could not be written: \(problem)")
        }
    }
}
