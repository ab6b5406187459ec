using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace Tidegate.Host.Logging;

/// <summary>Which level each log category is written from. The longest matching prefix of a category decides.</summary>
internal sealed class LogLevels
{
    private static readonly ImmutableArray<(string Word, LogLevel Level)> s_words =
    [
        ("trace", LogLevel.Trace), ("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warn", LogLevel.Warning),
        ("error", LogLevel.Error), ("fatal", LogLevel.Critical), ("none", LogLevel.None),
    ];

    private readonly Dictionary<string, LogLevel> _levels = new(StringComparer.OrdinalIgnoreCase)
    {
        [""] = LogLevel.Information,

        // What the web server underneath says at INFO is about its insides, not about the gateway.
        ["Microsoft"] = LogLevel.Warning,
    };

    /// <summary>The words for levels, for messages.</summary>
    internal static string Words => string.Join(", ", s_words.Select(w => w.Word));

    /// <summary>Reads <c>level</c> or <c>category=level</c> items; later ones win.</summary>
    internal static bool TryParse(
        IEnumerable<string> items, [NotNullWhen(true)] out LogLevels? levels, [NotNullWhen(false)] out string? error)
    {
        levels = new LogLevels();
        foreach (string item in items)
        {
            int equals = item.LastIndexOf('=');
            string category = equals < 0 ? "" : item[..equals].Trim();
            string word = item[(equals + 1)..].Trim();
            LogLevel? level = Find(word);
            if (level is null || (equals >= 0 && category.Length == 0))
            {
                error = $"\"{item}\" is not a log level. Write level or category=level, with level one of {Words}.";
                levels = null;
                return false;
            }

            levels._levels[category] = level.Value;
        }

        error = null;
        return true;
    }

    /// <summary>The least level written for a category. Prefixes end at dots: <c>http</c> covers <c>http.accept</c>, not <c>https</c>.</summary>
    internal LogLevel For(string category)
    {
        for (string prefix = category; ;)
        {
            if (_levels.TryGetValue(prefix, out LogLevel level))
            {
                return level;
            }

            prefix = prefix.LastIndexOf('.') is var dot and > 0 ? prefix[..dot] : "";
        }
    }

    private static LogLevel? Find(string word)
    {
        foreach ((string known, LogLevel level) in s_words)
        {
            if (string.Equals(known, word, StringComparison.OrdinalIgnoreCase))
            {
                return level;
            }
        }

        return null;
    }
}
