import KubeCore
import MirrorAPI

@testable import KubeClient
@testable import MirrorPlanner
@testable import Telemetry

enum TextTargets {
    /// What is read of YAML is written, and read as the same again.
    static func yaml(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        guard let documents = try? YAMLCoding.documents(bytes) else { return .refused }
        do throws(KubeError) {
            let text = try YAMLCoding.encode(documents: documents)
            let again = try YAMLCoding.documents(text)
            return again == documents ? .read : .wrong("reads otherwise than it was written: \(text.debugDescription)")
        } catch {
            return .wrong("what was read can't be written and read again: \(error)")
        }
    }

    static func json(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = (JSONStrings.array(text), JSONStrings.object(text))
        _ = try? JSONCoding.decode(Status.self, from: bytes)
        _ = try? JSONCoding.decode(Node.self, from: bytes)
        _ = try? JSONCoding.decode(Pod.self, from: bytes)
        _ = try? JSONCoding.decode(Lease.self, from: bytes)
        _ = try? JSONCoding.decode(P2PMirror.self, from: bytes)
        _ = try? JSONCoding.decode(MirrorNode.self, from: bytes)
        guard let value = try? JSONCoding.decode(JSONValue.self, from: bytes) else { return .refused }
        do throws(KubeError) {
            let written = try JSONCoding.encode(value)
            let again = try JSONCoding.decode(JSONValue.self, from: written)
            return again == value ? .read : .wrong("reads otherwise than it was written")
        } catch {
            return .wrong("what was read can't be written and read again: \(error)")
        }
    }

    /// Where a stream is cut decides nothing about its lines.
    static func watch(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        var whole = LineSplitter()
        var lines = whole.push(bytes)
        let last = whole.finish()
        var cut = LineSplitter()
        var others: [[UInt8]] = []
        for piece in Pieces(of: bytes) { others += cut.push(Array(piece)) }
        guard others == lines, cut.finish() == last else { return .wrong("the lines depend on where it was cut") }
        if let last { lines.append(last) }
        var outcome = FuzzTarget.Outcome.refused
        for line in lines {
            let isRead =
                (try? WatchEvent<Node>(line: line)) != nil || (try? WatchEvent<Pod>(line: line)) != nil
                || (try? WatchEvent<MirrorNode>(line: line)) != nil || (try? WatchEvent<P2PMirror>(line: line)) != nil
            outcome = outcome.and(.read(if: isRead))
        }
        return outcome
    }

    /// The address of a service is written as it is read.
    static func url(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = (try? ServerAddress(text), try? ProxyAddress(text), HostsFile.host(text), try? BindAddress(text))
        _ = (PercentEncoding.path(text), PercentEncoding.query(text), PercentEncoding.decoded(text))
        _ = (RegistriesFile.isLocal(text), ContainerdPath.clean(text), Masking.withoutCredentials(text))
        _ = (IPv6.canonical(text), text.printable(atMost: 20), Names.labelValue(text))
        guard let url = ServerURL(text, distribution: .rke2) else { return .refused }
        let written = url.description
        guard let again = ServerURL(written, distribution: .rke2) else { return .wrong("\(written) is no URL") }
        return again == url ? .read : .wrong("\(written) reads as another one")
    }

    /// Times, sizes and versions.
    static func times(_ bytes: [UInt8]) -> FuzzTarget.Outcome {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = (DurationText.go(text).map(DurationText.text), DurationText.human(text).map(DurationText.text))
        _ = (SizeText.bytes(text).map(SizeText.text), RetryAfter.parse(text, now: .seconds(1_800_000_000)))
        _ = (DistributionVersion(text)?.recursion, DistributionVersion(text)?.firstWithWildcards)
        _ = (ContainerdVersion(runtimeVersion: text), SpegelVersion(text), DragonflyVersion(text))
        if let time = MicroTimestamp(text) {
            _ = (time.timestamp + .max, time.timestamp + .min, time.timestamp - Timestamp(seconds: .min))
            guard MicroTimestamp("\(time)") == time else { return .wrong("\(time) reads as another time") }
        }
        guard let time = Timestamp(text) else { return .refused }
        return Timestamp("\(time)") == time ? .read : .wrong("\(time) reads as another time")
    }
}

/// Bytes in pieces whose lengths are those of its first bytes.
struct Pieces: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>
    private var lengths: ArraySlice<UInt8>

    init(of bytes: [UInt8]) {
        rest = bytes[...]
        lengths = bytes.prefix(16)
    }

    mutating func next() -> ArraySlice<UInt8>? {
        guard !rest.isEmpty else { return nil }
        let length = lengths.popFirst().map { Int($0 % 23) + 1 } ?? rest.count
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }
}
