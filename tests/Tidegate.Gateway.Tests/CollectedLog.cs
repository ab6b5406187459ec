using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Tests;

/// <summary>Log lines, to be waited for.</summary>
internal sealed class CollectedLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();
    private readonly SemaphoreSlim _added = new(0);

    internal CollectedLog() => Factory = LoggerFactory.Create(builder => builder.AddProvider(this));

    internal ILoggerFactory Factory { get; }

    internal IEnumerable<string> Lines => _lines.Select(line => line.Text);

    /// <summary>The lines of one level.</summary>
    internal IEnumerable<string> At(LogLevel level) => _lines.Where(line => line.Level == level).Select(line => line.Text);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _lines.Enqueue((logLevel, formatter(state, exception)));
        _added.Release();
    }

    public void Dispose()
    {
    }

    internal Task WaitForAsync(string line) => WaitForAsync(one => one == line, line);

    internal async Task WaitForAsync(Func<string, bool> isMeant, [CallerArgumentExpression(nameof(isMeant))] string? what = null)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!Lines.Any(isMeant))
        {
            try
            {
                await _added.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"The log never said: {what}\nIt said:\n{string.Join('\n', Lines)}");
            }
        }
    }
}
