using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Tidegate.Gateway.Http;

/// <summary>
/// The loggers of the HTTP server, less those whose mere presence makes it prepare an activity and a scope for every request.
/// What goes wrong in a request is logged by Kestrel itself. Nor does each file that is sent get a line.
/// </summary>
internal sealed class HttpServerLoggers(ILoggerFactory inner) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith("Microsoft.AspNetCore.Hosting", StringComparison.Ordinal) || categoryName.StartsWith("Microsoft.AspNetCore.Http", StringComparison.Ordinal)
            ? NullLogger.Instance
            : inner.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
        // The factory belongs to whoever started the gateway.
    }
}
