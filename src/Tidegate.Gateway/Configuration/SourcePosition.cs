using System.Globalization;

namespace Tidegate.Gateway.Configuration;

/// <summary>A place in a configuration file.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Line">The line, from 1; 0 where the file as a whole is meant.</param>
/// <param name="Column">The column, from 1; 0 where the file as a whole is meant.</param>
public sealed record SourcePosition(string File, int Line, int Column)
{
    /// <summary>Where something stands that was never in a file.</summary>
    internal static SourcePosition Unknown { get; } = new("", 0, 0);

    /// <summary>The place as editors and terminals understand it: <c>file:line:column</c>.</summary>
    public override string ToString() =>
        Line == 0 ? File : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}");
}
