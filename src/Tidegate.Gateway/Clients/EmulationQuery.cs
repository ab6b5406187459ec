using System.Globalization;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// What a client of an emulated WebSocket asks for in its query (docs/spec/compat.md, chapter 3.6). What is out of bounds is as if it
/// were not there; so is what is not known, above all numbers that only keep caches away.
/// </summary>
internal sealed record EmulationQuery
{
    private const int MaximumKilobytes = 1024 * 1024;
    private const int MaximumPadding = 64 * 1024;
    private const int MaximumNoopSeconds = 3600;

    // Numbers that keep caches away, and what a client says anew each time.
    private static readonly string[] s_ofOneRequest = [".kn", ".krn", ".kid", ".ksn", PageOrigin.Parameter];

    /// <summary><c>.kb</c>: bytes after which a response ends.</summary>
    internal long ReconnectAfter { get; init; } = long.MaxValue;

    /// <summary><c>.kp</c>: bytes that a response begins with at least, for whatever holds back the first ones.</summary>
    internal int Padding { get; init; }

    /// <summary><c>.kkt</c>: the time after which a response is shown to be alive; null where the client does not mind.</summary>
    internal TimeSpan? NoopInterval { get; init; }

    /// <summary><c>.ki=p</c>: something on the way holds back a response until it ends.</summary>
    internal bool LongPolls { get; init; }

    /// <summary><c>.ksn</c>: the number of the request.</summary>
    internal long? Sequence { get; init; }

    /// <summary><c>.kc</c>: the type of a response, one of those that no browser shows as a page.</summary>
    internal string? ContentType { get; init; }

    /// <summary><c>.kcc</c>: who may keep a response.</summary>
    internal string? CacheControl { get; init; }

    /// <summary><c>.kns</c>: the head is to be so long that no browser waits for more before it believes the type.</summary>
    internal bool PadsHead { get; init; }

    /// <summary><c>.ko</c>: the origin of the page that the request is for, where no header can say it.</summary>
    internal string? Origin { get; init; }

    /// <summary>What of the query that a session is opened with its other requests are to have, with a question mark; or nothing.</summary>
    internal static string Kept(string? query)
    {
        string kept = string.Join('&', (query ?? string.Empty).TrimStart('?').Split('&').Where(static one => one.Length > 0 && !s_ofOneRequest.Contains(one.Split('=')[0])));
        return kept.Length == 0 ? string.Empty : "?" + kept;
    }

    /// <summary>Reads a query.</summary>
    /// <param name="query">The query, with or without its question mark.</param>
    /// <param name="parameters">More of the same from the path.</param>
    internal static EmulationQuery Read(string? query, string parameters)
    {
        var read = new EmulationQuery();
        foreach (string parameter in $"{query?.TrimStart('?')}&{parameters}".Split('&'))
        {
            int equals = parameter.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                read = parameter == ".kns" ? read with { PadsHead = true } : read;
                continue;
            }

            string value = Uri.UnescapeDataString(parameter[(equals + 1)..]);
            read = parameter[..equals] switch
            {
                ".kb" when IsNumber(value, 1, MaximumKilobytes, out long kilobytes) => read with { ReconnectAfter = kilobytes * 1024 },
                ".kp" when IsNumber(value, 0, MaximumPadding, out long bytes) => read with { Padding = (int)bytes },
                ".kkt" when IsNumber(value, 1, MaximumNoopSeconds, out long seconds) => read with { NoopInterval = TimeSpan.FromSeconds(seconds) },
                ".ki" when value == "p" => read with { LongPolls = true },
                ".ksn" when TryReadSequence(value, out long sequence) => read with { Sequence = sequence },
                ".kc" when TypeOf(value) is { } type => read with { ContentType = type },
                ".kcc" when value is "no-cache" or "no-store" or "private" => read with { CacheControl = value },
                ".kns" => read with { PadsHead = true },
                PageOrigin.Parameter => read with { Origin = value },
                _ => read,
            };
        }

        return read;
    }

    /// <summary>Reads a sequence number: 0 to 2^53 - 1, as scripts count.</summary>
    internal static bool TryReadSequence(string? text, out long sequence) => IsNumber(text, 0, (1L << 53) - 1, out sequence);

    private static bool IsNumber(string? text, long minimum, long maximum, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= minimum && number <= maximum;

    private static string? TypeOf(string value) => value.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant() switch
    {
        "text/plain;charset=windows-1252" => "text/plain;charset=windows-1252",
        "text/plain" or "text/plain;charset=utf-8" => "text/plain;charset=UTF-8",
        "application/octet-stream" => "application/octet-stream",
        _ => null,
    };
}
