using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// Where the membership library writes: into the gateway's own category, and what it says of every change a level lower, since the
/// gateway says that in words of its own.
/// </summary>
internal sealed class MembershipLoggers(ILogger logger) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new Lowered(logger);

    public void AddProvider(ILoggerProvider provider)
    {
        // There is one place to write to, and it is given.
    }

    public void Dispose()
    {
        // The logger is somebody else's.
    }

    private sealed class Lowered(ILogger logger) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => logger.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logger.IsEnabled(Lower(logLevel));

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            logger.Log(Lower(logLevel), eventId, state, exception, formatter);

        private static LogLevel Lower(LogLevel level) => level == LogLevel.Information ? LogLevel.Debug : level;
    }
}
