import CYAML

/// A place in YAML text.
struct YAMLMark {
    var line: Int
    var column: Int

    func error(_ message: String) -> KubeError {
        KubeError(.decoding, "line \(line + 1), column \(column + 1): \(message)")
    }
}

/// One event of a YAML stream, free of the C library's memory.
enum YAMLEvent {
    case streamStart
    case streamEnd
    case documentStart
    case documentEnd
    case alias(String)
    case scalar(String, anchor: String?, tag: String?, isPlain: Bool)
    case sequenceStart(anchor: String?)
    case sequenceEnd
    case mappingStart(anchor: String?)
    case mappingEnd
}

/// The event parser of libyaml over bytes that it owns.
struct YAMLReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) throws(KubeError) {
        // libyaml counts a byte order mark as indentation of the first line.
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        try Self.checkDirectives(of: bytes)
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw KubeError(.decoding, "no memory for a YAML parser")
        }
        // One byte more than needed: the address of an empty buffer may be null, which libyaml does not accept.
        let text = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count + 1)
        _ = text.initialize(from: bytes + [0])
        self.parser = parser
        self.text = text
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    /// A document's `%TAG` lines; by hand nobody writes two.
    private static let directiveLimit = 64

    /// libyaml compares each `%TAG` with all before it, so that a megabyte of them would keep a core busy for seconds.
    private static func checkDirectives(of bytes: [UInt8]) throws(KubeError) {
        guard bytes.contains(UInt8(ascii: "%")) else { return }
        // The last byte of each line break that libyaml knows, in UTF-8.
        let breaks: [UInt8] = [0x0A, 0x0D, 0x85, 0xA8, 0xA9]
        var count = 0
        for index in bytes.indices where index == 0 || breaks.contains(bytes[index - 1]) {
            if bytes[index...].starts(with: "---".utf8) { count = 0 }
            guard bytes[index...].starts(with: "%TAG".utf8) else { continue }
            count += 1
            guard count <= directiveLimit else {
                let line = bytes[..<index].count { $0 == 0x0A }
                throw YAMLMark(line: line, column: 0).error("more than \(directiveLimit) %TAG lines before a document")
            }
        }
    }

    /// The next event and where it begins.
    func next() throws(KubeError) -> (event: YAMLEvent, mark: YAMLMark) {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { yaml_event_delete(&event) }
        let mark = YAMLMark(line: event.start_mark.line, column: event.start_mark.column)
        return (convert(event), mark)
    }

    private func convert(_ event: yaml_event_t) -> YAMLEvent {
        switch event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias(string(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: value, as: UTF8.self),
                anchor: string(scalar.anchor),
                tag: string(scalar.tag),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE
            )
        case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: string(event.data.sequence_start.anchor))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: string(event.data.mapping_start.anchor))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .streamEnd
        }
    }

    private func string(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func failure() -> KubeError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "the text is no YAML"
        guard parser.pointee.error == YAML_READER_ERROR else {
            let mark = parser.pointee.problem_mark
            return YAMLMark(line: mark.line, column: mark.column).error(problem)
        }
        // The reader knows the byte only.
        let before = text.prefix(parser.pointee.problem_offset)
        let line = before.count { $0 == 0x0A }
        let column = before.reversed().prefix { $0 != 0x0A }.count
        return YAMLMark(line: line, column: column).error(problem)
    }
}
