namespace Tidegate.Bench.Orchestration;

internal enum Backend
{
    /// <summary>The server answers by itself.</summary>
    None,

    /// <summary>The server turns WebSocket into TCP.</summary>
    Tcp,

    /// <summary>The server passes WebSocket through.</summary>
    WebSocket,
}

/// <summary>A server that is measured, and how it is started. <c>@WORDS@</c> in its arguments and files are filled in.</summary>
internal sealed record Peer(string Name, string Description, string Command, string[] Arguments, Backend Backend)
{
    /// <summary>Its configuration, a file in <c>bench/peers</c>.</summary>
    internal string? Configuration { get; init; }

    /// <summary>Words that its configuration asks for, beside those that every server's may ask for.</summary>
    internal Dictionary<string, string> Words { get; init; } = [];

    /// <summary>Words that its configuration asks for where it speaks TLS; null where it is not set up for that. Empty without TLS.</summary>
    internal Dictionary<string, string>? TlsWords { get; init; }

    /// <summary>The Debian package that has it.</summary>
    internal string? Package { get; init; }

    /// <summary>The path that is upgraded.</summary>
    internal string Path { get; init; } = "/";

    /// <summary>How long it runs under load before anything counts, in seconds: a JIT compiler needs seconds, native code little.</summary>
    internal double WarmSeconds { get; init; } = 1;

    /// <summary>Fewer idle pairs than usual, where each costs a process.</summary>
    internal int MostIdlePairs { get; init; } = int.MaxValue;

    /// <summary>Whether the rest is compared with the best of these.</summary>
    internal bool IsYardstick { get; init; }

    internal Dictionary<string, string> Environment { get; init; } = [];

    /// <summary>Fills in what is only known when the server starts.</summary>
    /// <exception cref="InvalidDataException">A word is left that nothing fills in.</exception>
    internal static string Fill(string template, IReadOnlyDictionary<string, string> words)
    {
        string text = words.Aggregate(template, (t, word) => t.Replace($"@{word.Key}@", word.Value, StringComparison.Ordinal));
        int at = text.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? text : throw new InvalidDataException($"nothing fills in '{text[at..Math.Min(text.Length, at + 20)]}'");
    }
}
