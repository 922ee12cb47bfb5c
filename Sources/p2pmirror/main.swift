import MirrorCommands

await P2PMirrorCommand.main()
