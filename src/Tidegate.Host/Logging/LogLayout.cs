using Microsoft.Extensions.Logging;

namespace Tidegate.Host.Logging;

/// <summary>How log lines look.</summary>
internal enum LogFormat
{
    /// <summary>Level and message, for people.</summary>
    Text,

    /// <summary>One JSON object a line, for programs.</summary>
    Json,
}

/// <summary>What was logged, before it has a form.</summary>
/// <param name="Time">When.</param>
/// <param name="Level">How important.</param>
/// <param name="Category">Which part of the gateway.</param>
/// <param name="Message">The message, its fields filled in; it may hold anything a client sent.</param>
/// <param name="Fields">The fields of the message by name.</param>
/// <param name="Exception">What was caught, or null.</param>
internal sealed record LogEntry(
    DateTimeOffset Time,
    LogLevel Level,
    string Category,
    string Message,
    IReadOnlyList<KeyValuePair<string, object?>> Fields,
    Exception? Exception);

/// <summary>Turns log entries into lines.</summary>
internal abstract class LogLayout
{
    /// <summary>The longest message written, in characters; what is beyond is cut, and the cut marked.</summary>
    internal const int MaximumMessageLength = 16 * 1024;

    internal static LogLayout For(LogFormat format) => format == LogFormat.Json ? new JsonLogLayout() : new TextLogLayout();

    /// <summary>The entry as text with its last line ended.</summary>
    internal abstract string Write(LogEntry entry);

    /// <summary>The word that operators know a level by.</summary>
    internal static string WordFor(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARN",
        LogLevel.Error => "ERROR",
        _ => "FATAL",
    };

    private protected static string Shortened(string message) =>
        message.Length <= MaximumMessageLength ? message : message[..MaximumMessageLength] + "… (cut)";
}
