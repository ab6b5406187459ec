using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// The page that pages of other origins open in a frame, in order to speak to the gateway through it: <c>/?.kr=xs</c> (docs/spec/clients.md, section 4). Whether an
/// origin may use a service is decided for each request; which origins may use the page at all, the browser is told here.
/// </summary>
internal static class BridgePage
{
    /// <summary>What <c>.kr</c> calls it.</summary>
    internal const string Name = "xs";

    private const string ScriptBegin = "<script>", ScriptEnd = "</script>";
    private static readonly byte[] s_page = Read();
    private static readonly string s_scriptHash = HashOfScript();

    /// <summary>Answers with the page, for services that can be reached through it.</summary>
    /// <param name="http">The request.</param>
    /// <param name="services">The accepts for clients at the host that was asked; 404 where there are none.</param>
    internal static Task HandleAsync(HttpContext http, IReadOnlyList<Route> services)
    {
        HttpResponse response = http.Response;
        if (services.Count == 0)
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return Task.CompletedTask;
        }

        string policy = $"default-src 'none'; script-src '{s_scriptHash}'; connect-src 'self'; base-uri 'none'; form-action 'none'{FrameAncestors(services)}";
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(policy)).AsSpan(0, 16))}\"";
        IHeaderDictionary headers = response.Headers;
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";
        // Who may frame it stands in the configuration, so each time it is asked whether that is still so.
        headers.CacheControl = "no-cache";
        headers.ETag = tag;
        if (http.Request.Headers.IfNoneMatch == tag)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = "text/html;charset=UTF-8";
        response.ContentLength = s_page.Length;
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(s_page, http.RequestAborted).AsTask();
    }

    /// <summary>
    /// Content Security Policy, level 3, section 6.4.2: pages of these origins may frame the page. Nothing where any origin may use a service, or where the policy
    /// has no way of writing one: a frame alone gets nobody anything.
    /// </summary>
    private static string FrameAncestors(IReadOnlyList<Route> services)
    {
        var allowed = new SortedSet<string>(StringComparer.Ordinal);
        foreach (Route route in services)
        {
            ServiceConfiguration service = route.Service.Configuration;
            allowed.Add(WebOrigin.Of(route.Uri).Text);
            allowed.UnionWith(service.Balances.Select(balance => WebOrigin.Of(balance.Uri).Text));
            foreach (CrossSiteConstraint constraint in service.CrossSiteConstraints)
            {
                if (!WebOrigin.TryParse(constraint.AllowOrigin, out WebOrigin origin))
                {
                    return string.Empty;
                }

                allowed.Add(origin.Text);
            }
        }

        // A host source is a name or an IPv4 address. Whatever else stands in an accept (*, an interface) is no origin of a page.
        allowed.RemoveWhere(origin => origin.Contains('*', StringComparison.Ordinal) || origin.Contains('@', StringComparison.Ordinal));
        return allowed.Any(origin => origin.AsSpan().ContainsAny("[;, '")) ? string.Empty : $"; frame-ancestors 'self' {string.Join(' ', allowed)}";
    }

    private static byte[] Read()
    {
        using Stream stream = typeof(BridgePage).Assembly.GetManifestResourceStream("bridge.html")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    /// <summary>The one script that a browser is to run, by what stands between its tags (Content Security Policy, level 3, section 8.3).</summary>
    private static string HashOfScript()
    {
        string page = Encoding.UTF8.GetString(s_page);
        int begin = page.IndexOf(ScriptBegin, StringComparison.Ordinal) + ScriptBegin.Length;
        // A browser reads a line end of whichever kind as a line feed before it hashes.
        string script = page[begin..page.IndexOf(ScriptEnd, StringComparison.Ordinal)].ReplaceLineEndings("\n");
        return "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)));
    }
}
