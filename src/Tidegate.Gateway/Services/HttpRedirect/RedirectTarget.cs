namespace Tidegate.Gateway.Services.HttpRedirect;

/// <summary>The location of a redirect, in the parts between which a request's path and query go.</summary>
internal sealed class RedirectTarget
{
    // Scheme and authority, or empty.
    private readonly string _place;
    private readonly string _path;
    private readonly string _query;
    private readonly string _fragment;

    /// <param name="location">A URI reference in visible ASCII.</param>
    internal RedirectTarget(string location)
    {
        int fragment = IndexOrEnd(location, '#', 0);
        int query = IndexOrEnd(location[..fragment], '?', 0);
        int authority = location[..query].IndexOf("//", StringComparison.Ordinal);
        bool hasAuthority = authority == 0 || (authority > 0 && location[authority - 1] == ':');
        int path = hasAuthority ? IndexOrEnd(location[..query], '/', authority + 2) : 0;
        HasPlace = hasAuthority && path > authority + 2;
        _place = location[..path];
        _path = location[path..query];
        _query = location[query..fragment];
        _fragment = location[fragment..];
    }

    /// <summary>Whether it says a host.</summary>
    internal bool HasPlace { get; }

    /// <summary>Whether the path of a request can follow its own: it begins with a host or a slash.</summary>
    internal bool TakesPath => HasPlace || (_place.Length == 0 && _path.StartsWith('/'));

    /// <summary>The location for a request.</summary>
    /// <param name="below">What follows the path: empty, or beginning with a slash.</param>
    /// <param name="query">What is added to the query: empty, or beginning with a question mark.</param>
    internal string For(string below, string query)
    {
        // A path that begins with two slashes, which to browsers a backslash is too, would name a host: whichever the client likes.
        string path = below.Length == 0 ? _path : $"{_path.TrimEnd('/')}/{below.TrimStart('/', '\\')}";
        string whole = query.Length <= 1 ? _query : _query.Length <= 1 ? query : $"{_query}&{query[1..]}";
        return _place + path + whole + _fragment;
    }

    private static int IndexOrEnd(string text, char mark, int from)
    {
        int index = text.IndexOf(mark, from);
        return index < 0 ? text.Length : index;
    }
}
