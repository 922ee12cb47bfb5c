import Glibc

/// Ends the process as a panic of a release build does.
func fatalTask() -> Never {
    let words = "thread 'tokio-runtime-worker' panicked: byte index 5 is out of bounds\n"
    _ = words.withCString { write(2, $0, strlen($0)) }
    kill(getpid(), SIGKILL)
    while true { pause() }
}
