/// A hash that is the same in every process and release: FNV-1a with 64 bits.
///
/// Kubernetes itself names things by FNV (`ComputeHash` of the pod template in `pkg/controller/controller_utils.go`).
/// It is for names and for telling values apart, never for security.
public enum StableHash {
    /// The hash of some bytes.
    public static func fnv1a64(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { hash, byte in (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }

    /// Thirteen characters of `0-9a-v` that stand for `text` in a name or a label.
    public static func short(_ text: String) -> String {
        let alphabet = Array("0123456789abcdefghijklmnopqrstuv")
        let hash = fnv1a64(text.utf8)
        return String((0..<13).map { alphabet[Int(truncatingIfNeeded: hash >> UInt64($0 * 5)) & 31] })
    }
}
