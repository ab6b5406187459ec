using Microsoft.Extensions.Logging;

namespace Tidegate.Host.Logging;

/// <summary>Writes what the gateway logs to standard output, in one of two formats.</summary>
internal sealed class StandardOutputLoggerProvider : ILoggerProvider
{
    private readonly LogLevels _levels;
    private readonly LogLayout _layout;
    private readonly TimeProvider _time;
    private readonly LineQueue _lines;

    /// <param name="format">How lines look.</param>
    /// <param name="levels">What is written.</param>
    /// <param name="output">Where it is written; not closed.</param>
    /// <param name="time">The clock for time stamps.</param>
    internal StandardOutputLoggerProvider(LogFormat format, LogLevels levels, Stream output, TimeProvider time)
    {
        _levels = levels;
        _layout = LogLayout.For(format);
        _time = time;
        _lines = new LineQueue(output, count => _layout.Write(new LogEntry(
            _time.GetUtcNow(), LogLevel.Warning, "log", $"{count} log lines were dropped here because standard output is too slow", [], null)));
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new CategoryLogger(this, categoryName, _levels.For(categoryName));

    /// <summary>Writes what is still waiting, for at most 5 seconds.</summary>
    public void Dispose() => _lines.Dispose();

    private sealed class CategoryLogger(StandardOutputLoggerProvider provider, string category, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            KeyValuePair<string, object?>[] fields = state is IEnumerable<KeyValuePair<string, object?>> named
                ? [.. named.Where(f => f.Key != "{OriginalFormat}")]
                : [];
            provider._lines.Add(provider._layout.Write(new LogEntry(
                provider._time.GetUtcNow(), logLevel, category, formatter(state, exception), fields, exception)));
        }
    }
}
