using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>
/// Serves the files of a directory. What is found where, and in which form, is decided here; <see cref="Representation"/> answers with it.
/// </summary>
internal sealed partial class DirectoryService(ServiceConfiguration configuration, ServiceContext context) : Service(configuration)
{
    // What the old gateway made itself at this place, whatever the directory held.
    private const string PolicyFile = "clientaccesspolicy.xml";

    private readonly DirectoryOptions _options = (DirectoryOptions)configuration.Options;
    private readonly MediaTypes _types = new(configuration.MimeTypes);
    private readonly CacheRules _cacheRules = new(((DirectoryOptions)configuration.Options).Locations);
    private readonly CompressedFiles _compressed = new();
    private readonly RecentFiles _recent = new(TimeProvider.System);
    private readonly ILogger _logger = context.Logger;
    private ServedFiles? _files;
    private string? _errorPages;

    internal override Task StartAsync(CancellationToken cancellation)
    {
        string root = Existing(_options.DirectoryIn(context.WebDirectory), "directory");
        _files = new ServedFiles(root, _options.FollowSymbolicLinks);
        _errorPages = _options.ErrorPagesDirectoryIn(context.WebDirectory) is { } errors ? Existing(errors, "error-pages-directory") : null;
        if (File.Exists(Path.Join(root, PolicyFile)))
        {
            LogPolicyIgnored(Configuration.Accepts.FirstOrDefault()?.Uri.Path ?? "/");
        }

        return Task.CompletedTask;
    }

    internal override Task OnRequestAsync(HttpContext http, string basePath)
    {
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            http.Response.Headers.Allow = "GET, HEAD";
            return FailAsync(http, StatusCodes.Status405MethodNotAllowed);
        }

        // The accept's path names the directory itself.
        string prefix = basePath.TrimEnd('/');
        string path = http.Request.Path.Value![prefix.Length..];
        Found found = _files!.Find(path);
        bool asDirectory = path.EndsWith('/') || (path.Length == 0 && prefix.Length == 0);
        switch (found.Kind)
        {
            case FoundKind.Refused:
                return FailAsync(http, StatusCodes.Status400BadRequest);

            case FoundKind.File when !asDirectory && !string.Equals(found.Name, PolicyFile, StringComparison.OrdinalIgnoreCase):
                return SendAsync(http, found);

            case FoundKind.Directory when !asDirectory:
                // Relative links of a page need the slash. Made of what was found, so that it leads nowhere else.
                http.Response.StatusCode = StatusCodes.Status302Found;
                http.Response.Headers.Location = PathOf(prefix, found);
                return Task.CompletedTask;

            case FoundKind.Directory when _options.WelcomeFile is { } welcome && _files.Find($"{found.Name}/{welcome}") is { Kind: FoundKind.File } page:
                return SendAsync(http, page);

            case FoundKind.Directory when _options.Indexes:
                return ListAsync(http, prefix, found);

            default:
                return FailAsync(http, StatusCodes.Status404NotFound);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _compressed.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string PathOf(string prefix, Found directory)
    {
        // The server leaves an encoded slash as it was.
        string place = Escape(prefix).Replace("%252F", "%2F", StringComparison.OrdinalIgnoreCase);
        return directory.Name.Length == 0 ? place + "/" : $"{place}/{Escape(directory.Name)}/";
    }

    private static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    private async Task SendAsync(HttpContext http, Found found)
    {
        try
        {
            Representation form = await ChooseAsync(http, found).ConfigureAwait(false);
            await form.SendAsync(http).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            // Gone since it was found, or not to be read by this user.
            LogUnreadable(found.Entry!.FullName, exception.Message);
            Representation.Withdraw(http.Response);
            await FailAsync(http, StatusCodes.Status404NotFound).ConfigureAwait(false);
        }
    }

    /// <summary>Chooses the form of a file that the client likes best, and sets the headers that say so.</summary>
    private async Task<Representation> ChooseAsync(HttpContext http, Found found)
    {
        FileInfo file = found.Entry!;
        DateTimeOffset modified = file.LastWriteTimeUtc;
        string type = _types.For(found.Name);
        _cacheRules.Apply(http.Response, found.Name, DateTimeOffset.UtcNow, modified);
        if (file.Length == 0)
        {
            // What is no file but a queue has no length either, and opening it would wait for somebody who writes to it.
            return new Representation(type, Representation.TagOf(file.LastWriteTimeUtc, 0, null), modified, 0, ReadOnlyMemory<byte>.Empty, file.FullName);
        }

        if (MediaTypes.IsCompressible(type))
        {
            http.Response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
            foreach (ContentCoding coding in ContentCoding.AcceptedBy(http.Request))
            {
                // One that was compressed in advance and not forgotten when the file changed.
                if (_files!.Find(found.Name + coding.Extension) is { Kind: FoundKind.File, Entry: { Length: > 0 } ready } && ready.LastWriteTimeUtc >= file.LastWriteTimeUtc)
                {
                    http.Response.Headers.ContentEncoding = coding.Name;
                    return new Representation(type, Representation.TagOf(ready.LastWriteTimeUtc, ready.Length, coding), modified, ready.Length, null, ready.FullName);
                }

                if (await _compressed.GetAsync(file, coding, http.RequestAborted).ConfigureAwait(false) is { } content)
                {
                    http.Response.Headers.ContentEncoding = coding.Name;
                    return new Representation(type, Representation.TagOf(file.LastWriteTimeUtc, file.Length, coding), modified, content.Length, content, file.FullName);
                }
            }
        }

        return _recent.Get(file, type)
            ?? new Representation(type, Representation.TagOf(file.LastWriteTimeUtc, file.Length, null), modified, file.Length, null, file.FullName);
    }

    private async Task ListAsync(HttpContext http, string prefix, Found found)
    {
        string page;
        try
        {
            page = DirectoryListing.Write(
                found.Entry!.FullName,
                found.Name.Length == 0 ? prefix + "/" : $"{prefix}/{found.Name}/",
                hasParent: found.Name.Length > 0,
                entry => _files!.Serves(found, entry));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(found.Entry!.FullName, exception.Message);
            await FailAsync(http, StatusCodes.Status404NotFound).ConfigureAwait(false);
            return;
        }

        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        byte[] content = System.Text.Encoding.UTF8.GetBytes(page);
        http.Response.ContentLength = content.Length;
        if (HttpMethods.IsGet(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(content, http.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>Answers with a status, and the operator's page for it if there is one.</summary>
    private async Task FailAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentLength = 0;
        if (_errorPages is null)
        {
            return;
        }

        var page = new FileInfo(Path.Join(_errorPages, string.Create(CultureInfo.InvariantCulture, $"{status}.html")));
        if (page.Exists)
        {
            http.Response.ContentType = "text/html; charset=utf-8";
            http.Response.ContentLength = page.Length;
            if (!HttpMethods.IsHead(http.Request.Method))
            {
                await http.Response.SendFileAsync(page.FullName, 0, page.Length, http.RequestAborted).ConfigureAwait(false);
            }
        }
    }

    private string Existing(string path, string property) =>
        System.IO.Directory.Exists(path)
            ? path
            : throw new GatewayStartException(DirectoryDescription.Missing(Configuration, path, property));

    [LoggerMessage(Level = LogLevel.Warning, Message = "Ignoring user-defined file contents for {Path}clientaccesspolicy.xml, please modify configuration instead")]
    private partial void LogPolicyIgnored(string path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} can not be read: {Error}")]
    private partial void LogUnreadable(string path, string error);
}
