/// Keys in the order of their addition, each once.
struct KeyLine<Key: Hashable & Sendable>: Sendable {
    private var keys: [Key?] = []
    private var places: [Key: Int] = [:]
    /// Places before this one are empty.
    private var head = 0
    /// The place that `keys[0]` has.
    private var base = 0

    var count: Int { places.count }

    var first: Key? {
        mutating get {
            while head < keys.count, keys[head] == nil { head += 1 }
            return head < keys.count ? keys[head] : nil
        }
    }

    mutating func append(_ key: Key) {
        places[key] = base + keys.count
        keys.append(key)
    }

    mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        keys[place - base] = nil
    }

    mutating func removeFirst() -> Key? {
        guard let key = first else { return nil }
        remove(key)
        if head > 64, head * 2 > keys.count {
            keys.removeFirst(head)
            base += head
            head = 0
        }
        return key
    }
}
