using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>A time in a <c>Cache-Control</c> directive: from the request on, or (<c>m+</c>) from the file's last modification.</summary>
/// <param name="Length">How long, not negative.</param>
/// <param name="FromModification">Whether the file's last modification is where it begins.</param>
public readonly record struct CacheTime(TimeSpan Length, bool FromModification)
{
    /// <summary>Seconds from <paramref name="now"/> on; 0 where that is over.</summary>
    internal long SecondsFrom(DateTimeOffset now, DateTimeOffset modified)
    {
        TimeSpan left = FromModification ? modified + Length - now : Length;
        return Math.Max(0, (long)left.TotalSeconds);
    }
}

/// <summary>The directives of a <c>cache-control</c> element (compat.md 2.7).</summary>
public sealed record CacheControl
{
    private static readonly string[] s_words = ["no-cache", "no-store", "no-transform", "must-revalidate", "proxy-revalidate", "public", "private"];

    /// <summary><c>max-age</c>, or null.</summary>
    public CacheTime? MaxAge { get; init; }

    /// <summary><c>s-maxage</c>, or null.</summary>
    public CacheTime? SharedMaxAge { get; init; }

    /// <summary>The directives without a value, in the order in which they are sent.</summary>
    public ImmutableArray<string> Words { get; init; } = [];

    /// <summary>Reads directives with commas between.</summary>
    internal static bool TryParse(string text, [NotNullWhen(true)] out CacheControl? value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = null;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        CacheTime? maxAge = null;
        CacheTime? sharedMaxAge = null;
        foreach (string directive in text.Split(',', StringSplitOptions.TrimEntries))
        {
            int equals = directive.IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? directive : directive[..equals]).Trim().ToLowerInvariant();
            if (!seen.Add(name))
            {
                fault = new($"Duplicate cache-control directive in configuration file: {name}.", "Keep one of them.");
                return false;
            }

            bool timed = name is "max-age" or "s-maxage";
            if ((!timed && !s_words.Contains(name)) || timed != (equals >= 0))
            {
                fault = new(
                    $"Missing or incorrect cache-control syntax in the configuration file: \"{directive}\".",
                    $"Write max-age=TIME, s-maxage=TIME (TIME such as 1 hour, or m+1 hour from the last modification), {string.Join(", ", s_words)}, with commas between.");
                return false;
            }

            if (timed)
            {
                if (!TryParseTime(directive[(equals + 1)..].Trim(), out CacheTime time, out fault))
                {
                    return false;
                }

                if (name == "max-age")
                {
                    maxAge = time;
                }
                else
                {
                    sharedMaxAge = time;
                }
            }
        }

        if (seen.Contains("public") && seen.Contains("private"))
        {
            fault = new("A response is public or private, not both.", "Keep one of the two directives.");
            return false;
        }

        value = new CacheControl { MaxAge = maxAge, SharedMaxAge = sharedMaxAge, Words = [.. s_words.Where(seen.Contains)] };
        fault = null;
        return true;
    }

    /// <summary>As it is written in a configuration file.</summary>
    public override string ToString() => string.Join(", ", Words.Concat(Show("s-maxage", SharedMaxAge)).Concat(Show("max-age", MaxAge)));

    /// <summary>
    /// What several patterns that match one file say together, the most specific first: of two times the shorter, and every word,
    /// except that the most specific one decides between public and private.
    /// </summary>
    internal static (string? Header, long? MaxAge) Combine(IReadOnlyList<CacheControl> directives, DateTimeOffset now, DateTimeOffset modified)
    {
        long? maxAge = null;
        long? sharedMaxAge = null;
        var words = new HashSet<string>(StringComparer.Ordinal);
        foreach (CacheControl each in directives)
        {
            maxAge = Shorter(maxAge, each.MaxAge?.SecondsFrom(now, modified));
            sharedMaxAge = Shorter(sharedMaxAge, each.SharedMaxAge?.SecondsFrom(now, modified));
            foreach (string word in each.Words)
            {
                if (!((word == "public" && words.Contains("private")) || (word == "private" && words.Contains("public"))))
                {
                    words.Add(word);
                }
            }
        }

        var parts = new List<string>(s_words.Where(words.Contains));
        if (sharedMaxAge is { } shared)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"s-maxage={shared}"));
        }

        if (maxAge is { } own)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"max-age={own}"));
        }

        return (parts.Count == 0 ? null : string.Join(", ", parts), maxAge);
    }

    private static long? Shorter(long? one, long? other) => one is { } a && other is { } b ? Math.Min(a, b) : one ?? other;

    private static IEnumerable<string> Show(string name, CacheTime? time) =>
        time is { } t ? [$"{name}={(t.FromModification ? "m+" : "")}{t.Length.TotalSeconds.ToString(CultureInfo.InvariantCulture)}"] : [];

    private static bool TryParseTime(string text, out CacheTime time, [NotNullWhen(false)] out TextFault? fault)
    {
        bool fromModification = text.StartsWith("m+", StringComparison.OrdinalIgnoreCase);
        string length = (fromModification ? text[2..] : text).Trim().TrimStart('+').TrimStart();
        if (!TryParseLength(length, out TimeSpan span))
        {
            time = default;
            fault = new(
                $"Missing or incorrect cache-control syntax in the configuration file: \"{text}\" is not a time.",
                "Write a number and a unit up to years, such as 1 hour, or m+1 hour to count from the last modification.");
            return false;
        }

        time = new(span, fromModification);
        fault = null;
        return true;
    }

    // Years are usual here, and other options have no such unit.
    private static bool TryParseLength(string text, out TimeSpan span)
    {
        span = default;
        string number = new([.. text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.')]);
        double? unit = text[number.Length..].Trim().ToLowerInvariant() switch
        {
            "" or "s" or "sec" or "secs" or "second" or "seconds" => 1,
            "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => 0.001,
            "m" or "min" or "mins" or "minute" or "minutes" => 60,
            "h" or "hour" or "hours" => 3600,
            "d" or "day" or "days" => 86400,
            "w" or "week" or "weeks" => 7 * 86400,
            "y" or "year" or "years" => 365 * 86400,
            _ => null,
        };
        if (unit is not { } seconds || !double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double count)
            || count * seconds > int.MaxValue)
        {
            return false;
        }

        // To the millisecond, as other intervals: a binary fraction would come back as another one.
        span = TimeSpan.FromMilliseconds((long)Math.Round(count * seconds * 1000));
        return true;
    }
}
