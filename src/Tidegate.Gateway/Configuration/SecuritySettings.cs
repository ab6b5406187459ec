using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>What <c>security</c> may hold.</summary>
internal static class SecuritySettings
{
    private static readonly Setting<string> s_storeType = new(
        "type", new TextFormat("JKS, JCEKS, PKCS12 or PEM"), "The kind of file; without it, what the file looks like.");

    private static readonly Setting<string> s_storeFile = new(
        "file", new TextFormat("a path", PathFault), "The file, relative to the directory of this configuration file.")
    {
        Required = true,
    };

    private static readonly Setting<string> s_passwordFile = new(
        "password-file", new TextFormat("a path", PathFault), "The file whose first line is the password, relative in the same way.");

    private static readonly GroupSetting<StoreConfiguration> s_keystore = Store("keystore", "The gateway's own certificates and keys.");

    private static readonly GroupSetting<StoreConfiguration> s_truststore = Store(
        "truststore", "The certificates of those who are trusted: back-ends, and clients with certificates.");

    internal static readonly SettingGroup Group = new(
        "<security>", [s_keystore, s_truststore, RealmSettings.Realm], NotServedYet.Nothing);

    /// <summary>The security of a file; what is wrong with it has been reported.</summary>
    internal static SecurityConfiguration Read(SourceElement root, Findings findings)
    {
        SettingValues values = Group.Read(root.FirstChild("security"), root.Position, findings);
        ImmutableArray<RealmConfiguration> realms = [.. values.All(RealmSettings.Realm).Select(r => r.Value)];
        foreach (IGrouping<string, RealmConfiguration> same in realms.GroupBy(realm => realm.Name).Where(group => group.Count() > 1))
        {
            findings.Error(
                same.Last().Position,
                $"Found {same.Count()} duplicate <realm> elements in <security> element.",
                $"The realm '{same.Key}' stands in line {same.First().Position.Line} too; rename or remove one.");
        }

        return new SecurityConfiguration
        {
            Keystore = values.Get(s_keystore),
            Truststore = values.Get(s_truststore),
            Realms = realms,
            IsDoubtful = values.Unreadable.Any(name => name is not "realm"),
        };
    }

    /// <summary>The values that make this security.</summary>
    internal static SettingValues Take(SecurityConfiguration security) => new SettingValues()
        .With(s_keystore, security.Keystore)
        .With(s_truststore, security.Truststore)
        .WithAll(RealmSettings.Realm, security.Realms);

    private static GroupSetting<StoreConfiguration> Store(string name, string documentation) => new(
        name, new SettingGroup($"<{name}>", [s_storeType, s_storeFile, s_passwordFile], NotServedYet.Nothing), BuildStore, TakeStore, documentation);

    private static StoreConfiguration? BuildStore(SettingValues values, SourcePosition position, Findings findings) =>
        values.Get(s_storeFile) is not { } file
            ? null
            : new StoreConfiguration
            {
                Type = values.Get(s_storeType),
                File = FullPath(file, position),
                PasswordFile = values.Get(s_passwordFile) is { } password ? FullPath(password, position) : null,
                Position = values.PositionOf(s_storeFile, position),
                PasswordPosition = values.PositionOf(s_passwordFile, values.PositionOf(s_storeFile, position)),
            };

    private static SettingValues TakeStore(StoreConfiguration store) => new SettingValues()
        .With(s_storeType, store.Type)
        .With(s_storeFile, store.File)
        .With(s_passwordFile, store.PasswordFile);

    private static string FullPath(string written, SourcePosition position) =>
        Path.GetFullPath(written, Path.GetDirectoryName(Path.GetFullPath(position.File))!);

    private static TextFault? PathFault(string text) =>
        text.Contains('\0', StringComparison.Ordinal) ? new("There is a zero character in the path.", "Remove it.") : null;
}
