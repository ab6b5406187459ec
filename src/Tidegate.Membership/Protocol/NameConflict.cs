namespace Tidegate.Membership.Protocol;

/// <summary>Two live members with one name: whoever has it stays (specification, section 7).</summary>
internal static class NameConflict
{
    /// <summary>How the error begins that the newcomer gets; it stops when it does.</summary>
    internal const string Prefix = "name conflict: ";
}
