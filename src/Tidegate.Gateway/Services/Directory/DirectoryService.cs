using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>Serves the files of a directory. ASP.NET's static files do the work: types, ranges, conditional requests.</summary>
internal sealed class DirectoryService(ServiceConfiguration configuration, ServiceContext context) : Service(configuration)
{
    private readonly DirectoryOptions _options = (DirectoryOptions)configuration.Options;
    private PhysicalFileProvider? _files;
    private PhysicalFileProvider? _errorPages;
    private RequestDelegate? _pipeline;

    internal override Task StartAsync(CancellationToken cancellation)
    {
        _files = Open(_options.DirectoryIn(context.WebDirectory), "directory");
        _errorPages = _options.ErrorPagesDirectoryIn(context.WebDirectory) is { } errors ? Open(errors, "error-pages-directory") : null;
        return Task.CompletedTask;
    }

    /// <summary>Builds what answers requests, from the parts of the HTTP server that the gateway runs.</summary>
    internal void Build(IApplicationBuilder application)
    {
        if (_options.WelcomeFile is { } welcome)
        {
            application.UseDefaultFiles(new DefaultFilesOptions { FileProvider = _files, DefaultFileNames = [welcome] });
        }

        application.UseStaticFiles(new StaticFileOptions { FileProvider = _files });
        application.Run(NotFoundAsync);
        _pipeline = application.Build();
    }

    internal override async Task OnRequestAsync(HttpContext http, string basePath)
    {
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            http.Response.Headers.Allow = "GET, HEAD";
            return;
        }

        // The accept's path names the directory itself: /docs and /docs/ of an accept at /docs are both its root.
        string prefix = basePath.TrimEnd('/');
        PathString path = http.Request.Path.Value![prefix.Length..] is { Length: > 0 } rest ? rest : "/";
        (PathString before, PathString beforeBase) = (http.Request.Path, http.Request.PathBase);
        http.Request.PathBase = beforeBase.Add(prefix);
        http.Request.Path = path;
        try
        {
            await _pipeline!(http).ConfigureAwait(false);
        }
        finally
        {
            (http.Request.Path, http.Request.PathBase) = (before, beforeBase);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _files?.Dispose();
        _errorPages?.Dispose();
        return ValueTask.CompletedTask;
    }

    private PhysicalFileProvider Open(string path, string property)
    {
        if (!System.IO.Directory.Exists(path))
        {
            throw new GatewayStartException(
                $"{Configuration.Position}: service \"{Configuration.Name}\": {property} {path} does not exist. Create it, or name one that does.");
        }

        return new PhysicalFileProvider(path);
    }

    private async Task NotFoundAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        if (_errorPages?.GetFileInfo("404.html") is { Exists: true } page)
        {
            http.Response.ContentType = "text/html; charset=utf-8";
            http.Response.ContentLength = page.Length;
            if (HttpMethods.IsGet(http.Request.Method))
            {
                await http.Response.SendFileAsync(page, http.RequestAborted).ConfigureAwait(false);
            }
        }
    }
}
