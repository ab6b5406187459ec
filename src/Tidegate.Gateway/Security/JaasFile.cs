using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Xml;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Source;
using Tidegate.Gateway.Files;

namespace Tidegate.Gateway.Security;

/// <summary>Users, their passwords and their roles: a <c>jaas-config.xml</c> (docs/spec/compat.md, chapter 4.4). Never changes once read.</summary>
internal sealed class JaasFile
{
    /// <summary>The namespace of such files.</summary>
    internal const string Namespace = "http://xmlns.kaazing.com/jaas-config/centurion";

    private static readonly string[] s_oldNamespaces = ["http://xmlns.kaazing.org/jaas-config/atlantis", "http://xmlns.kaazing.com/jaas-config/battlestar", "http://xmlns.kaazing.org/jaas-config/battlestar"];
    private static readonly string[] s_parts = ["user", "role"];
    private static readonly string[] s_userParts = ["name", "password", "role-name"];
    private static readonly string[] s_roleParts = ["name", "description", "role-name"];

    private readonly FrozenDictionary<string, JaasUser> _users;

    private JaasFile(FrozenDictionary<string, JaasUser> users)
    {
        _users = users;
        Slowest = users.Values.Select(user => user.Hash).OfType<PasswordHash>().MaxBy(hash => hash.Cost);
    }

    /// <summary>The hash that takes longest: a wrong password takes as long with any user, and with none; null where none is hashed.</summary>
    internal PasswordHash? Slowest { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">What is wrong with it, and where.</exception>
    /// <exception cref="IOException">It can not be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    internal static JaasFile Read(string path) => Parse(ReadBytes(path), path);

    /// <summary>The bytes of a file.</summary>
    /// <exception cref="IOException">It can not be read, or is too large.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    internal static byte[] ReadBytes(string path) =>
        OrdinaryFile.Read(path, ConfigurationReader.MaximumFileSize) ?? throw new IOException("it is larger than 16 MiB");

    /// <summary>Reads what a file holds; <paramref name="path"/> is what messages call it.</summary>
    /// <exception cref="ConfigurationException">What is wrong with it, and where.</exception>
    internal static JaasFile Parse(byte[] bytes, string path)
    {
        SourceElement root = SourceDocument.Read(
            settings => XmlReader.Create(new MemoryStream(bytes), settings), () => new StreamReader(new MemoryStream(bytes)), path);
        var findings = new Findings();
        var file = new JaasFile(Read(root, path, findings));
        return findings.HasErrors ? throw new ConfigurationException(findings.Errors) : file;
    }

    /// <summary>The user of a name, or null.</summary>
    internal JaasUser? Find(string name) => _users.GetValueOrDefault(name);

    private static FrozenDictionary<string, JaasUser> Read(SourceElement root, string path, Findings findings)
    {
        var users = new Dictionary<string, JaasUser>(StringComparer.Ordinal);
        if (root.Name != "jaas-config" || root.Namespace != Namespace)
        {
            findings.Error(
                root.Position,
                root.Name == "jaas-config" && s_oldNamespaces.Contains(root.Namespace)
                    ? $"Update your configuration namespace in the file \"{path}\" to use \"{Namespace}\"."
                    : $"<{root.Name}> is not what a file of users begins with.",
                $"Write <jaas-config xmlns=\"{Namespace}\">.");
            return FrozenDictionary<string, JaasUser>.Empty;
        }

        CheckParts(root, s_parts, findings);
        Dictionary<string, SourceElement> roles = ReadRoles(root, findings);
        foreach (SourceElement user in root.ChildrenNamed("user"))
        {
            CheckParts(user, s_userParts, findings);
            if (user.TextOf("name") is not { Length: > 0 } name || user.TextOf("password") is not { } password)
            {
                findings.Error(user.Position, "A <user> has no name or no password.", "Write <name> and <password> in it.");
                continue;
            }

            PasswordHash? hash = null;
            if (PasswordHash.IsMeant(password) && !PasswordHash.TryParse(password, out hash))
            {
                findings.Error(user.FirstChild("password")!.TextPosition, "The password is a hash that is not written rightly.", "Make one with: ./tidegate passwd");
            }

            if (!users.TryAdd(name, new JaasUser(name, hash is null ? password : null, hash, RolesOf(user, roles, findings))))
            {
                findings.Error(user.Position, $"There are two users named \"{name}\".", "Rename or remove one.");
            }
        }

        return users.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static Dictionary<string, SourceElement> ReadRoles(SourceElement root, Findings findings)
    {
        var roles = new Dictionary<string, SourceElement>(StringComparer.Ordinal);
        foreach (SourceElement role in root.ChildrenNamed("role"))
        {
            CheckParts(role, s_roleParts, findings);
            if (role.TextOf("name") is not { Length: > 0 } name)
            {
                findings.Error(role.Position, "A <role> has no name.", "Write <name> in it.");
            }
            else if (!roles.TryAdd(name, role))
            {
                findings.Error(role.Position, $"There are two roles named \"{name}\".", "Rename or remove one.");
            }
        }

        foreach (SourceElement role in roles.Values)
        {
            CheckNames(role, roles, findings);
        }

        return roles;
    }

    private static ImmutableHashSet<string> RolesOf(SourceElement user, Dictionary<string, SourceElement> roles, Findings findings)
    {
        CheckNames(user, roles, findings);
        var found = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<SourceElement>([user]);
        while (open.TryPop(out SourceElement? one))
        {
            // A role may name others, and they each other.
            foreach (string name in NamesIn(one).Where(found.Add))
            {
                if (roles.TryGetValue(name, out SourceElement? role))
                {
                    open.Push(role);
                }
            }
        }

        return [.. found];
    }

    private static IEnumerable<string> NamesIn(SourceElement element) => element.ChildrenNamed("role-name").Select(child => child.Text ?? "");

    private static void CheckNames(SourceElement element, Dictionary<string, SourceElement> roles, Findings findings)
    {
        foreach (SourceElement name in element.ChildrenNamed("role-name").Where(name => !roles.ContainsKey(name.Text ?? "")))
        {
            findings.Error(name.TextPosition, $"Unrecognized role \"{name.Text}\".", "Write a <role> with this <name>.");
        }
    }

    private static void CheckParts(SourceElement element, string[] known, Findings findings)
    {
        foreach (SourceElement part in element.Children.Where(part => !known.Contains(part.Name)))
        {
            findings.Error(part.Position, $"<{element.Name}> has no <{part.Name}>.", $"It may hold: {string.Join(", ", known)}.");
        }
    }
}

/// <summary>A user of a <see cref="JaasFile"/>.</summary>
/// <param name="Name">The name.</param>
/// <param name="Password">The password as it is written; null where only its hash is.</param>
/// <param name="Hash">The hash of the password, or null.</param>
/// <param name="Roles">The roles, with all that come with them.</param>
internal sealed record JaasUser(string Name, string? Password, PasswordHash? Hash, ImmutableHashSet<string> Roles)
{
    /// <summary>Not what a record says of itself: the password is nobody's to read.</summary>
    public override string ToString() => Name;
}
